// Circles of folders. A folder with folders in it is one of its own here: `graph/ops` and `graph` may not use each other.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** How a file names another one, by its extension; in C++ what stands behind no dot counts from `root`. */
const NAMED = [
  { files: /\.ts$/, pattern: /(?:from|import\()\s*'(\.[^']+)'/g },
  { files: /\.(cc|h|cu)$/, pattern: /#\s*include\s+"([^"]+)"/g },
];

/** Which folder below `root` uses which, with the first file that does: Map(folder, Map(folder, file)). */
export function folderUses(root) {
  const uses = new Map();
  const files = readdirSync(root, { recursive: true });
  for (const file of files) {
    const { pattern } = NAMED.find((one) => one.files.test(file)) ?? {};
    if (pattern === undefined) continue;
    const own = dirname(file);
    if (!uses.has(own)) uses.set(own, new Map());
    for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(pattern)) {
      const target = name.startsWith('.') ? relative(root, join(root, own, name)) : name;
      const other = name.includes('/') ? dirname(target) : own;
      if (other !== own && !uses.get(own).has(other)) uses.get(own).set(other, file);
    }
  }
  return uses;
}

/** The folders of a circle and the files that close it, or undefined where there is none. */
export function findCircle(uses) {
  const done = new Set();
  const visit = (folder, path) => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (done.has(folder)) return undefined;
    for (const other of uses.get(folder)?.keys() ?? []) {
      const circle = visit(other, [...path, folder]);
      if (circle !== undefined) return circle;
    }
    done.add(folder);
    return undefined;
  };
  for (const folder of uses.keys()) {
    const circle = visit(folder, []);
    if (circle === undefined) continue;
    return circle.slice(1).map((other, i) => `${circle[i]} -> ${other} (${uses.get(circle[i]).get(other)})`);
  }
  return undefined;
}
