import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { packageRoot } from '../../src/core/packageRoot.js';

const ajv = new Ajv({ allowUnionTypes: true });
const validators = new Map<string, ValidateFunction>();

/** Checks a document against the schema in docs/json/ of the command that printed it (`space list`, `error`). */
export function assertJson(command: string, document: unknown): void {
  let validate = validators.get(command);
  if (validate === undefined) {
    const file = join(packageRoot(), 'docs', 'json', `${command.replaceAll(' ', '-')}.schema.json`);
    validate = ajv.compile(JSON.parse(readFileSync(file, 'utf8')));
    validators.set(command, validate);
  }
  assert.ok(validate(document), `${command}: ${ajv.errorsText(validate.errors)}`);
}
