import type { z } from 'zod';
import type { ConfigLayer } from '../../config/layers.js';
import { didYouMean, SinglePathError } from '../../core/errors.js';

type Issue = z.core.$ZodIssue;

/** All that is wrong with the form of a space file, each with its line. */
export function formError(issues: readonly Issue[], source: ConfigLayer, keys: KeysAt): SinglePathError {
  const found = unfold(issues, source.value).flatMap((issue) => findingsOf(issue, source, keys));
  const [first] = found;
  if (found.length === 1 && first) {
    return new SinglePathError('INVALID_SPACE', first.text, { hint: first.hint });
  }
  const lines = found.map(({ text, hint }) => (hint === undefined ? text : `${text} (${hint})`));
  return new SinglePathError('INVALID_SPACE', lines.join('\n'));
}

/** `file.yaml:3:7: `, or of the nearest part around that is written somewhere; empty without a file. */
export function place(source: ConfigLayer, path: Path, part: 'key' | 'value' = 'value'): string {
  for (let length = path.length; length > 0; length--) {
    const found = source.locate(path.slice(0, length), part);
    if (found !== undefined) return `${found}: `;
  }
  return '';
}

/** Keys that the mapping at a path may have. */
export type KeysAt = (path: Path) => string[];
type Path = readonly (string | number)[];

interface Finding {
  text: string;
  hint?: string | undefined;
}

function findingsOf(issue: Issue, source: ConfigLayer, keys: KeysAt): Finding[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  const where = path.length === 0 ? 'the top level' : path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      text: `${place(source, [...path, key], 'key')}Expected a known key for ${where} but received '${key}'`,
      hint: didYouMean(key, keys(path)),
    }));
  }
  const got = valueAt(source.value, path);
  const shown = typeof got === 'string' ? `'${got}'` : (JSON.stringify(got) ?? 'nothing');
  const text = `${place(source, path)}Expected ${wanted(issue)} for ${where} but received ${shown}`;
  const known = issue.code === 'invalid_value' ? issue.values.map(String) : [];
  return [{ text, hint: typeof got === 'string' && known.length > 0 ? didYouMean(got, known) : undefined }];
}

/**
 * Replaces "no alternative fits" by what is wrong inside the alternative of the right type, and drops what follows
 * from an unknown key.
 */
function unfold(issues: readonly Issue[], value: unknown, above: Issue['path'] = []): Issue[] {
  const unfolded = issues.flatMap((inner): Issue[] => {
    const issue = { ...inner, path: [...above, ...inner.path] };
    if (issue.code !== 'invalid_union') return [issue];
    const isText = typeof valueAt(value, issue.path) === 'string';
    const fits = ([first]: readonly Issue[]) =>
      first !== undefined &&
      (first.path.length > 0 ||
        !(first.code === 'invalid_type' || (first.code === 'invalid_value' && !isText)));
    const best = issue.errors.find(fits);
    return best ? unfold(best, value, issue.path) : [issue];
  });
  const unknown = unfolded
    .filter(({ code }) => code === 'unrecognized_keys')
    .map(({ path }) => path.join('.'));
  return unfolded.filter(({ code, path }) => code !== 'custom' || !unknown.includes(path.join('.')));
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inside, key) => (inside as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}

const TYPES: Record<string, string> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function wanted(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return `${issue.origin === 'array' ? 'a list of length' : 'a number'} ${issue.inclusive ? '>=' : '>'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.origin === 'array' ? 'a list of length' : 'a number'} ${issue.inclusive ? '<=' : '<'} ${issue.maximum}`;
    case 'invalid_union':
      return 'one of the forms of docs/spaces.md';
    default:
      return issue.message;
  }
}
