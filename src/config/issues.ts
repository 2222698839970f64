import type { z } from 'zod';
import { didYouMean, SinglePathError } from '../core/errors.js';
import { keysAt } from './keys.js';
import type { ConfigLayer, ConfigPath } from './layers.js';

interface Finding {
  text: string;
  hint?: string;
}

/** All that is wrong with a configuration, each with its place: the same message form as everywhere. */
export function configError(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  layers: readonly ConfigLayer[],
): SinglePathError {
  const findings = issues.flatMap((issue) => findingsOf(issue, value, layers));
  const [first] = findings;
  if (findings.length === 1 && first !== undefined) {
    return new SinglePathError('INVALID_CONFIG', first.text, { hint: first.hint });
  }
  const lines = findings.map(({ text, hint }) => (hint === undefined ? text : `${text} (${hint})`));
  return new SinglePathError('INVALID_CONFIG', lines.join('\n'));
}

function findingsOf(issue: z.core.$ZodIssue, value: unknown, layers: readonly ConfigLayer[]): Finding[] {
  const path = issue.path as ConfigPath;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      text: `${place([...path, key], layers, 'key')}Expected a known key for ${nameOf(path)} but received '${key}'`,
      hint: didYouMean(key, keysAt(path)),
    }));
  }
  const got = path.reduce<unknown>(
    (v, key) => (v as Record<string | number, unknown> | undefined)?.[key],
    value,
  );
  const text = `${place(path, layers, 'value')}Expected ${wantedBy(issue)} for ${nameOf(path)} but received ${show(got)}`;
  if (issue.code === 'invalid_value' && typeof got === 'string') {
    return [{ text, hint: didYouMean(got, issue.values.map(String)) }];
  }
  return [{ text }];
}

const TYPES: Record<string, string> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function wantedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `${sized(issue.origin)} ${issue.inclusive ? '>=' : '>'} ${issue.minimum}`;
    case 'too_big':
      return `${sized(issue.origin)} ${issue.inclusive ? '<=' : '<'} ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function sized(origin: string): string {
  return origin === 'array' ? 'a list of length' : (TYPES[origin] ?? 'a number');
}

/** Where the value, or the nearest part above it, was written: the last layer wins. */
function place(path: ConfigPath, layers: readonly ConfigLayer[], part: 'key' | 'value'): string {
  for (let length = path.length; length > 0; length--) {
    for (const layer of layers.toReversed()) {
      const found = layer.locate(path.slice(0, length), part);
      if (found !== undefined) return `${found}: `;
    }
  }
  return '';
}

function nameOf(path: ConfigPath): string {
  return path.length === 0 ? 'the top level' : path.join('.');
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : (JSON.stringify(value) ?? 'nothing');
}
