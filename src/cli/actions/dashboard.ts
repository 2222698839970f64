import { existsSync, statSync } from 'node:fs';
import { SinglePathError } from '../../core/errors.js';
import { openDashboard } from '../../dashboard/server.js';
import { printText } from '../common/output.js';
import { createSession } from '../common/session.js';

export interface DashboardCommandOptions {
  port: number;
  host: string;
}

/** `singlepath dashboard`: until Ctrl-C, which is how it ends and no failure. */
export async function dashboard(folder: string, { port, host }: DashboardCommandOptions): Promise<void> {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new SinglePathError(
      'INVALID_ARGUMENT',
      `Expected a folder of runs in '${folder}' but there is none`,
      {
        hint: 'name the folder: singlepath dashboard FOLDER',
      },
    );
  }
  await using open = await openDashboard(folder, { port, host });
  const { log } = createSession({});
  if (open.url.includes('token='))
    log.warn(`whoever reaches ${host} and has the token sees your runs; the connection is not encrypted`);
  printText(open.url);
  log.info('Ctrl-C ends it');
  await new Promise<void>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
  });
}
