// Builds the addon from a checkout (`npm run build:native`, scripts/bootstrap, binding.gyp): the code behind
// `singlepath build`, without the rest of the CLI. Options: --install-libtorch, --install-system-packages, --clean; --which only
// prints the libtorch a build would use.
import { existsSync } from 'node:fs';

const compiled = new URL('../dist/src/runtime/build.js', import.meta.url);
if (!existsSync(compiled)) {
  console.error(
    'dist/ is not there: run `npm run build` (or scripts/bootstrap, which does everything) first',
  );
  process.exit(1);
}
if (process.argv.includes('--which')) {
  const { findLibtorch } = await import(new URL('libtorch.js', compiled));
  const { found } = findLibtorch();
  console.log(found === undefined ? 'none' : `${found.path} ${found.version}`);
  process.exit(0);
}
const { buildAddon } = await import(compiled);
try {
  const { addon } = await buildAddon({
    installLibtorch: process.argv.includes('--install-libtorch'),
    installSystemPackages: process.argv.includes('--install-system-packages'),
    clean: process.argv.includes('--clean'),
    log: (line) => console.error(line),
  });
  console.error(`built ${addon}`);
} catch (error) {
  console.error(error.message);
  if (error.hint) console.error(`hint: ${error.hint}`);
  process.exit(3);
}
