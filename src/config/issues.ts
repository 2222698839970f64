import type { z } from 'zod';
import { didYouMean, SinglePathError, show } from '../core/errors.js';
import { keysAt } from './keys.js';
import { type ConfigPath, valueAt } from './plain.js';
import type { ConfigSource } from './sources.js';

type Issue = z.core.$ZodIssue;

/** A kind of document that people write: a configuration, a space file. */
export interface DocumentKind {
  code: 'INVALID_CONFIG' | 'INVALID_SPACE';
  /** Its JSON Schema. */
  schema(): object;
  /** The page that describes it. */
  docs: string;
}

/** All that is wrong with what `sources` hold, which merged is `value`: each finding with its place. */
export function issuesError(
  issues: readonly Issue[],
  value: unknown,
  sources: readonly ConfigSource[],
  kind: DocumentKind,
): SinglePathError {
  const findings = unfold(issues, value).flatMap((issue) => findingsOf(issue, value, sources, kind));
  const [first] = findings;
  if (findings.length === 1 && first !== undefined) {
    return new SinglePathError(kind.code, first.text, { hint: first.hint });
  }
  const lines = findings.map(({ text, hint }) => (hint === undefined ? text : `${text} (${hint})`));
  return new SinglePathError(kind.code, lines.join('\n'));
}

/**
 * `file.yaml:3:7: `, or of the nearest part around it that is written somewhere: the last source wins. The whole is a
 * place only where there is one source.
 */
export function place(path: ConfigPath, sources: readonly ConfigSource[], part: 'key' | 'value'): string {
  for (let length = path.length; length >= (sources.length === 1 ? 0 : 1); length--) {
    for (const source of sources.toReversed()) {
      const found = source.locate(path.slice(0, length), part);
      if (found !== undefined) return `${found}: `;
    }
  }
  return '';
}

interface Finding {
  text: string;
  hint?: string;
}

function findingsOf(
  issue: Issue,
  value: unknown,
  sources: readonly ConfigSource[],
  { schema, docs }: DocumentKind,
): Finding[] {
  const path = issue.path as ConfigPath;
  const where = path.length === 0 ? 'the top level' : path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      text: `${place([...path, key], sources, 'key')}Expected a known key for ${where} but received '${key}'`,
      hint: didYouMean(key, keysAt(schema(), path)),
    }));
  }
  const got = valueAt(value, path);
  const text = `${place(path, sources, 'value')}Expected ${wanted(issue, docs)} for ${where} but received ${got === undefined ? 'nothing' : show(got)}`;
  if (issue.code === 'invalid_value' && typeof got === 'string') {
    return [{ text, hint: didYouMean(got, issue.values.map(String)) }];
  }
  return [{ text }];
}

/**
 * Replaces "no alternative fits" by what is wrong inside the alternative of the right type, and drops what follows
 * from an unknown key.
 */
function unfold(issues: readonly Issue[], value: unknown, above: Issue['path'] = []): Issue[] {
  const unfolded = issues.flatMap((inner): Issue[] => {
    const issue = { ...inner, path: [...above, ...inner.path] };
    if (issue.code !== 'invalid_union') return [issue];
    const values = literals(issue.errors);
    if (values !== undefined) return [{ ...issue, code: 'invalid_value', values } as Issue];
    const got = typeof valueAt(value, issue.path);
    const fits = ([first]: readonly Issue[]): boolean => {
      if (first === undefined) return false;
      if (first.path.length > 0) return true;
      if (first.code === 'invalid_type') return first.expected === 'int' && got === 'number';
      return first.code !== 'invalid_value' || got === 'string';
    };
    const best = issue.errors.find(fits);
    return best ? unfold(best, value, issue.path) : [issue];
  });
  const unknown = unfolded
    .filter(({ code }) => code === 'unrecognized_keys')
    .map(({ path }) => path.join('.'));
  return unfolded.filter(({ code, path }) => code !== 'custom' || !unknown.includes(path.join('.')));
}

/** The values of a union of nothing but literals, such as 3, 5 or 'xception'. */
function literals(alternatives: readonly (readonly Issue[])[]) {
  const values = alternatives.map(([first]) =>
    first?.code === 'invalid_value' && first.path.length === 0 ? first.values : undefined,
  );
  return values.includes(undefined) ? undefined : values.flatMap((some) => some ?? []);
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

function wanted(issue: Issue, docs: string): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `${sized(issue.origin)} ${issue.inclusive ? '>=' : '>'} ${issue.minimum}`;
    case 'too_big':
      return `${sized(issue.origin)} ${issue.inclusive ? '<=' : '<'} ${issue.maximum}`;
    case 'invalid_union':
      return `one of the forms of ${docs}`;
    default:
      return issue.message;
  }
}

function sized(origin: string): string {
  return origin === 'array' ? 'a list of length' : (TYPES[origin] ?? 'a number');
}
