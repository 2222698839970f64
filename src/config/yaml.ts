import { type Document, isAlias, isMap, isNode, LineCounter, parseDocument, visit } from 'yaml';
import { isFullStack, SinglePathError } from '../core/errors.js';
import { type ConfigPath, describeProblem, treeProblem } from './plain.js';

/** YAML text as plain data, and where each part of it is written. */
export interface YamlText {
  /** Null for an empty text. */
  value: unknown;
  /** `source:line:column` of the part at `path`, undefined where there is none. Of [], where the text begins. */
  locate(path: ConfigPath, part: 'key' | 'value'): string | undefined;
}

/**
 * Parses YAML into plain data without cycles.
 *
 * @param source names the text in errors, which add line and column where it is a file.
 * @throws SinglePathError `INVALID_CONFIG` with line and column: no YAML, an alias without its anchor, a value that
 *   contains itself, too many values or levels, or the key `__proto__`.
 */
export function parseYaml(text: string, source: string, { isFile = true } = {}): YamlText {
  const lines = new LineCounter();
  const at = (offset: number): string => {
    if (!isFile) return source;
    const { line, col } = lines.linePos(offset);
    return `${source}:${line}:${col}`;
  };
  const fail = (offset: number, what: string): never => {
    throw new SinglePathError('INVALID_CONFIG', `${at(offset)}: Expected valid YAML: ${what}`);
  };
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error?.code === 'MULTIPLE_DOCS') {
    throw new SinglePathError(
      'INVALID_CONFIG',
      `${at(error.pos[0])}: Expected one YAML document but another one begins here`,
      { hint: 'remove the line ---, or put what follows it into a file of its own' },
    );
  }
  if (error !== undefined) fail(error.pos[0], /call stack/.test(error.message) ? TOO_DEEP : error.message);
  let value: unknown;
  try {
    checkAliases(document, fail);
    value = document.toJS({ maxAliasCount: -1 }); // treeProblem counts them
  } catch (cause) {
    if (isFullStack(cause)) fail(0, TOO_DEEP);
    throw cause;
  }
  const locate = (path: ConfigPath, part: 'key' | 'value') => {
    const offset = path.length === 0 ? beginning(document) : offsetOf(document, path, part);
    return offset === undefined ? undefined : at(offset);
  };
  const problem = treeProblem(value);
  if (problem !== undefined) {
    const { path } = problem;
    // What an alias stands for is written elsewhere: the alias is the nearest place.
    let place: string | undefined;
    for (let length = path.length; place === undefined; length--)
      place = locate(path.slice(0, length), 'key');
    throw new SinglePathError('INVALID_CONFIG', `${place}: ${describeProblem(problem)}`);
  }
  return { value, locate };
}

// The parser recurses, and says so in its own way.
const TOO_DEEP = 'it is nested too deeply';

function checkAliases(document: Document, fail: (offset: number, what: string) => never): void {
  const anchors = new Set<string>();
  visit(document, {
    Node(_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
      } else if (!anchors.has(node.source)) {
        fail(node.range?.[0] ?? 0, `the alias *${node.source} has no anchor &${node.source} before it`);
      }
    },
  });
}

function beginning({ contents }: Document): number {
  return (isNode(contents) && contents.range?.[0]) || 0;
}

function offsetOf(document: Document, path: ConfigPath, part: 'key' | 'value'): number | undefined {
  if (!document.hasIn(path)) return undefined;
  const node = document.getIn(path, true);
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const key = isMap(parent) ? parent.items.find((pair) => keyOf(pair.key) === path.at(-1))?.key : undefined;
  // A mapping begins at its first key: the key above it is the better place.
  const target = (part === 'key' || !isNode(node) || isMap(node)) && isNode(key) ? key : node;
  return isNode(target) ? target.range?.[0] : undefined;
}

function keyOf(key: unknown): unknown {
  return isNode(key) && 'value' in key ? key.value : key;
}
