// Builds the addon from a checkout (`npm run build:native`, scripts/bootstrap, binding.gyp): the code behind
// `singlepath build`, without the rest of the CLI. Options: --install-libtorch, --clean.
import { existsSync } from 'node:fs';

const compiled = new URL('../dist/src/runtime/build.js', import.meta.url);
if (!existsSync(compiled)) {
  console.error(
    'dist/ is not there: run `npm run build` (or scripts/bootstrap, which does everything) first',
  );
  process.exit(1);
}
const { buildAddon } = await import(compiled);
try {
  const { addon } = await buildAddon({
    installLibtorch: process.argv.includes('--install-libtorch'),
    clean: process.argv.includes('--clean'),
    log: (line) => console.error(line),
  });
  console.error(`built ${addon}`);
} catch (error) {
  console.error(error.message);
  if (error.hint) console.error(`hint: ${error.hint}`);
  process.exit(3);
}
