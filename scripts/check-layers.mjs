// The layer rules that dependency-cruiser cannot see: who includes what in native/, who names the .node file, and circles of
// folders, the nested ones among them.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findCircle, folderUses } from './folder-circles.mjs';

// The floors of native/, from the ground up. A file includes its own folder and floors below its own; two folders on one
// floor do not know each other. `ops/cpu` and the tests beside the code stand on the floor of their first folder.
const floors = [
  ['core'],
  ['graph', 'data', 'runtime', 'distributed'],
  ['weights'],
  ['ops'],
  ['execute'],
  ['train', 'evaluate', 'latency'],
  ['supernet', 'export'],
  ['binding'],
];
const floorOf = new Map(floors.flatMap((folders, floor) => folders.map((folder) => [folder, floor])));

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const libtorch = /#\s*include\s+[<"](torch|ATen|c10|caffe2)\//;

const rules = [
  {
    why: 'napi.h is included by native/binding/napi_setup.h only: the core knows no JavaScript',
    files: /^native\/(?!binding\/napi_setup\.h$)/,
    forbidden: /#\s*include\s+[<"](napi|node_api|js_native_api)\.h[>"]/,
  },
  {
    why: 'the ground, the op graph, the data loader and the fused kernels are plain C++, without libtorch',
    files: /^native\/(core|graph|data|ops\/cpu)\//,
    forbidden: libtorch,
  },
  {
    why: 'src/runtime is the only door to the .node file',
    files: /^src\/(?!runtime\/)/,
    forbidden: /singlepath\.node|process\.dlopen/,
  },
];

const files = ['native', 'src'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((file) => /\.(cc|h|cu|ts)$/.test(file))
    .map((file) => join(folder, file)),
);

/** Why `line` may not stand in the native file `file`, or undefined: the floors above. */
function wrongFloor(file, line) {
  const target = line.match(/#\s*include\s+"([^"]+)"/)?.[1];
  if (target === undefined) return undefined;
  const own = file.split('/')[1];
  const path = target.startsWith('.')
    ? relative(join(root, 'native'), join(root, dirname(file), target))
    : target;
  const folder = path.includes('/') ? path.split('/')[0] : own;
  const unknown = [own, folder].find((name) => !floorOf.has(name));
  if (unknown !== undefined) return `native/${unknown} has no floor in scripts/check-layers.mjs`;
  if (folder === own || floorOf.get(folder) < floorOf.get(own)) return undefined;
  return `native/${own} may only include floors below its own, and ${folder} is not below it`;
}

let violations = 0;
for (const file of files) {
  const applied = rules.filter((rule) => rule.files.test(file));
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      const reasons = applied.filter((rule) => rule.forbidden.test(line)).map((rule) => rule.why);
      if (file.startsWith('native/')) reasons.push(wrongFloor(file, line));
      for (const why of reasons.filter((reason) => reason !== undefined)) {
        violations++;
        console.error(`${file}:${index + 1}: ${line.trim()}\n  ${why}`);
      }
    });
}
for (const tree of ['native', 'src']) {
  const circle = findCircle(folderUses(join(root, tree)));
  if (circle === undefined) continue;
  violations++;
  console.error(`folders of ${tree}/ are in a circle:\n  ${circle.join('\n  ')}`);
}
console.error(`layers of native/ and the addon: ${files.length} files, ${violations} violations`);
process.exit(violations === 0 ? 0 : 1);
