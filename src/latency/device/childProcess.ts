/**
 * The measuring process of {@link ChildSession}: started by it, told what to do by messages, gone when it is gone. What
 * crashes or hangs here ends this process and no other.
 */
import { SinglePathError } from '../../core/errors.js';
import type { FromChild, PlainError, ToChild } from './childMessages.js';
import { openLocal } from './openLocal.js';
import type { Session } from './session.js';

let session: Session | undefined;
let cancel: AbortController | undefined;

process.on('message', (message: ToChild) => {
  if (message.type === 'cancel') cancel?.abort();
  else answer(message).catch((error: unknown) => send({ type: 'failed', error: plain(error) }));
});
// `process.exit` would wait for the native call that runs.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
// Ctrl-C in a terminal goes to all of its processes: the parent decides.
process.on('SIGINT', () => {});

async function answer(message: Exclude<ToChild, { type: 'cancel' }>): Promise<void> {
  if (message.type === 'open') {
    session = await openLocal(message.settings);
    send({ type: 'opened', abilities: session.abilities });
    return;
  }
  if (message.type === 'environment') {
    send({ type: 'environment', environment: await session!.environment() });
    return;
  }
  cancel = new AbortController();
  for await (const result of session!.run(message.plan, { signal: cancel.signal }))
    send({ type: 'result', result });
  send({ type: 'done' });
}

function send(message: FromChild): void {
  process.send?.(message);
}

function plain(error: unknown): PlainError {
  if (error instanceof SinglePathError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'MEASUREMENT', message: (error as Error).stack ?? String(error) };
}
