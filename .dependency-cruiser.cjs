// The layer diagram of ARCHITECTURE.md: an arrow only points down.
const layers = [
  ['core'],
  ['config', 'log', 'graph', 'space', 'cost', 'sampling', 'data/kinds'],
  ['search'],
  ['runtime'],
  ['supernet', 'data(?!/kinds)'],
  ['run'],
  ['train', 'evaluate', 'latency', 'export', 'distributed'],
  ['pipeline', 'report', 'dashboard'],
  ['cli'],
];
const folder = (names) => `^src/(${names.join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    ...layers.slice(0, -1).map((names, index) => ({
      name: `${names.join('-')}-imports-upwards`,
      severity: 'error',
      from: { path: folder(names) },
      to: { path: folder(layers.slice(index + 1).flat()) },
    })),
    {
      name: 'pure-is-pure',
      comment: 'core, graph, space, cost, sampling, search, config, log and data/kinds run instantly and without libtorch.',
      severity: 'error',
      from: { path: '^src/(core|graph|space|cost|sampling|search|config|log|data/kinds)/' },
      to: { path: '^src/', pathNot: '^src/(core|graph|space|cost|sampling|search|config|log|data/kinds)/' },
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
