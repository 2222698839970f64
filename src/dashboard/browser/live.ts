import type { Update } from '../protocol.js';
import { byId } from './dom.js';

type State = 'connecting' | 'live' | 'lost';

export interface LiveOptions {
  onUpdate(update: Update): void;
  /** Loads everything that is on the page: at the start, and after it may have missed something. */
  refresh(): Promise<void>;
}

const NAME = 'singlepath-dashboard';
const TEXTS: Record<State, string> = {
  connecting: 'connecting',
  live: 'live',
  lost: 'connection lost, trying again',
};

/**
 * Keeps a page up to date. A browser opens six connections to a server at most, so of all tabs only one listens (it holds a lock) and
 * tells the others; a tab that is not seen does not listen.
 */
export function goLive({ onUpdate, refresh }: LiveOptions): void {
  const channel = new BroadcastChannel(NAME);
  let source: EventSource | undefined;
  let release: (() => void) | undefined;
  let waiting: AbortController | undefined;
  let state: State = 'connecting';

  const load = (): void => void refresh().catch(() => show('lost'));
  const show = (next: State): void => {
    state = next;
    const line = byId('connection');
    line.className = next;
    line.textContent = TEXTS[next];
  };
  const tell = (next: State): void => {
    show(next);
    channel.postMessage({ state: next });
  };
  const connect = (): void => {
    source = new EventSource('/events');
    source.onopen = () => {
      tell('live');
      load();
    };
    source.onmessage = ({ data }) => {
      const update = JSON.parse(data as string) as Update;
      onUpdate(update);
      channel.postMessage({ update });
    };
    source.onerror = () => {
      tell('lost');
      if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
      source = undefined;
      setTimeout(() => release && source === undefined && connect(), 2000);
    };
  };
  const listen = (): void => {
    // Where the page is not from this machine and not encrypted there are no locks: every tab listens.
    if (navigator.locks === undefined) {
      release = () => {};
      connect();
      return;
    }
    waiting = new AbortController();
    navigator.locks
      .request(
        NAME,
        { signal: waiting.signal },
        () =>
          new Promise<void>((done) => {
            release = done;
            connect();
          }),
      )
      .catch(() => {}); // it was given up
    channel.postMessage({ hello: true });
  };
  const leave = (): void => {
    source?.close();
    source = undefined;
    waiting?.abort();
    release?.();
    release = undefined;
  };
  channel.onmessage = ({ data }: MessageEvent<{ state?: State; update?: Update; hello?: true }>) => {
    if (data.hello && source !== undefined) channel.postMessage({ state });
    if (data.update !== undefined) onUpdate(data.update);
    if (data.state === undefined || source !== undefined) return;
    if (data.state === 'live' && state === 'lost') load();
    show(data.state);
  };
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') return leave();
    if (source === undefined) listen();
    load();
  });
  addEventListener('pagehide', leave);
  load();
  listen();
}

/** A document of the server. @throws Error with the text of the server. */
export async function get<Document>(address: string): Promise<Document> {
  const response = await fetch(address);
  const document = (await response.json().catch(() => ({}))) as Document & { error?: string };
  if (!response.ok) throw new Error(document.error ?? `${response.status}: the run is not there any more`);
  return document;
}

/** Calls a function at most once in so many milliseconds, and once more where it was asked for meanwhile. */
export function throttled(milliseconds: number, work: () => Promise<void>): () => void {
  let [busy, again] = [false, false];
  const run = async (): Promise<void> => {
    busy = true;
    const start = performance.now();
    await work().catch(() => {}); // the next one may find the server again
    await new Promise((done) => setTimeout(done, Math.max(0, milliseconds - (performance.now() - start))));
    busy = false;
    if (!again) return;
    again = false;
    void run();
  };
  return () => {
    if (busy) again = true;
    else void run();
  };
}
