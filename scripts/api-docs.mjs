// Writes docs/api/: the reference of the library, from its docstrings (`npm run api-docs`). With --check nothing is written. Links in
// docstrings that lead nowhere are errors.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application } from 'typedoc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What is wrong with the docstrings; writes the pages where an output folder is named. */
export async function apiDocs(out) {
  const problems = [];
  const app = await Application.bootstrap({
    entryPoints: [join(root, 'src', 'index.ts')],
    tsconfig: join(root, 'tsconfig.json'),
    name: 'singlepath',
    readme: join(root, 'docs', 'README.md'),
    // The build has checked the types already.
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    githubPages: false,
    disableSources: true,
    validation: { invalidLink: true, notExported: false, notDocumented: false, rewrittenLink: false },
    logLevel: 'Warn',
  });
  app.logger = Object.assign(app.logger, {
    warn: (text) => problems.push(text),
    error: (text) => problems.push(text),
  });
  const project = await app.convert();
  if (project === undefined) return [...problems, 'the library could not be read'];
  app.validate(project);
  if (out !== undefined && problems.length === 0) await app.generateDocs(project, out);
  return problems;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv.includes('--check') ? undefined : join(root, 'docs', 'api');
  const problems = await apiDocs(out);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
  console.error(out === undefined ? 'every link of the docstrings leads somewhere' : `written to ${out}`);
}
