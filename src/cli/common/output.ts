import { type Column, formatTable } from '../../report/table.js';
import type { JsonOutput } from './jsonOutput.js';
import { writeData } from './streams.js';

/** The one JSON document of `--json` on stdout. */
export function printJson<Command extends keyof JsonOutput>(
  _command: Command,
  value: JsonOutput[Command],
): void {
  printDocument(value);
}

/** A JSON document that a schema of its own describes, such as a configuration. */
export function printDocument(value: object): void {
  writeData(`${JSON.stringify(value, null, 2)}\n`);
}

/** Data for people on stdout. */
export function printText(text: string): void {
  writeData(`${text}\n`);
}

export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): void {
  printText(formatTable(columns, rows));
}
