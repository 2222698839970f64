// The layer rules that dependency-cruiser cannot see: who includes what in native/, and who names the .node file.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const libtorch = /#\s*include\s+[<"](torch|ATen|c10|caffe2)\//;

const rules = [
  {
    why: 'napi.h is included by native/binding/napi_setup.h only: the core knows no JavaScript',
    files: /^native\/(?!binding\/napi_setup\.h$)/,
    forbidden: /#\s*include\s+[<"](napi|node_api|js_native_api)\.h[>"]/,
  },
  {
    why: 'nothing below native/binding knows the binding',
    files: /^native\/(?!binding\/)/,
    forbidden: /#\s*include\s+"binding\//,
  },
  { why: 'native/core is plain C++', files: /^native\/core\//, forbidden: libtorch },
  {
    why: 'native/core knows no other folder',
    files: /^native\/core\//,
    forbidden: /#\s*include\s+"(?!core\/)\w+\//,
  },
  { why: 'the data loader runs without libtorch', files: /^native\/data\//, forbidden: libtorch },
  { why: 'the fused kernels are plain C++', files: /^native\/ops\/cpu\//, forbidden: libtorch },
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
let violations = 0;
for (const file of files) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  for (const rule of rules.filter((candidate) => candidate.files.test(file))) {
    lines.forEach((line, index) => {
      if (!rule.forbidden.test(line)) return;
      violations++;
      console.error(`${file}:${index + 1}: ${line.trim()}\n  ${rule.why}`);
    });
  }
}
console.error(`layers of native/ and the addon: ${files.length} files, ${violations} violations`);
process.exit(violations === 0 ? 0 : 1);
