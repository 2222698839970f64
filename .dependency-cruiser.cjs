// The rooms of src/ from the ground up: a room may import those before it and nothing else, so no folder can be in a
// circle. The diagram of ARCHITECTURE.md shows the same order.
const pure = ['core', 'log', 'graph/node', 'graph/ops', 'graph(?!/\\w+/)', 'data/kinds', 'config', 'space', 'cost', 'sampling', 'search'];
const native = ['runtime/native', 'runtime(?!/native/)', 'distributed', 'supernet', 'data(?!/kinds)', 'run', 'train', 'evaluate', 'export', 'latency'];
const pipeline = [...['setup', 'images', 'runs', 'training', 'search', 'latency'].map((room) => `pipeline/${room}`), 'pipeline(?!/\\w+/)', 'pipeline/report'];
const commands = ['report', ...pipeline, 'dashboard', 'cli/common', 'cli/actions', 'cli/commands', 'cli(?!/\\w+/)'];
const rooms = [...pure, ...native, ...commands];
const folder = (names) => `^src/(${names.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...rooms.slice(0, -1).map((room, index) => ({
      name: `${room}-imports-upwards`,
      severity: 'error',
      from: { path: folder([room]) },
      to: { path: folder(rooms.slice(index + 1)) },
    })),
    {
      name: 'pure-is-pure',
      comment: `${pure.join(', ')} run instantly and without libtorch.`,
      severity: 'error',
      from: { path: folder(pure) },
      to: { path: '^src/', pathNot: folder(pure) },
    },
    {
      name: 'unknown-room',
      comment: 'A new folder of src/ needs its place in the list of rooms above.',
      severity: 'error',
      from: { path: '^src/.*/', pathNot: folder(rooms) },
      to: {},
    },
    {
      name: 'no-test-in-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|examples|scripts)/' },
    },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'undeclared-package',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types'] },
  },
};
