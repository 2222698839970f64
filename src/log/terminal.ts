/**
 * Everything that goes to stderr. On a terminal the last line may be a status that is replaced in place, such as a
 * progress bar; what is written goes above it. Nothing else of the terminal's state is touched (no hidden cursor, no
 * saved position), so a process that is killed leaves it as it was.
 */
const CLEAR = '\r\x1b[K';

let status: string | undefined;
let prefix = '';

/** Begins each line from now on: several processes may write to one terminal. */
export function prefixLines(text: string): void {
  prefix = text;
}

/** Whether a status line can be shown. */
export function hasTerminal(): boolean {
  return process.stderr.isTTY === true;
}

/** Writes a line, or several, above the status line. */
export function writeLine(line: string): void {
  const text = prefix === '' ? line : line.replaceAll(/^/gm, prefix);
  const drawn = status === undefined ? '' : fitted(status);
  put(hasTerminal() ? `${CLEAR}${text}\n${drawn}` : `${text}\n`);
}

/** Shows or replaces the status line. Longer text than the terminal is wide is cut. */
export function showStatus(text: string): void {
  if (!hasTerminal()) return;
  status = text;
  put(CLEAR + fitted(text));
}

/** Ends the status line: it stays on the screen as it is, and the next output begins below it. */
export function keepStatus(): void {
  if (status === undefined) return;
  status = undefined;
  put('\n');
}

/** Takes the status line off the screen. */
export function clearStatus(): void {
  if (status === undefined) return;
  status = undefined;
  put(CLEAR);
}

/** Columns a status line may take: a terminal wraps, and then cannot clear, what fills its last one. */
export function statusWidth(): number {
  return Math.max(1, (process.stderr.columns || 80) - 1);
}

function fitted(text: string): string {
  return text.slice(0, statusWidth());
}

/** Whoever stops reading the log does not stop the work: a closed pipe, a full disk or a lost terminal is no error. */
function put(text: string): void {
  try {
    process.stderr.write(text);
  } catch {
    // some streams throw, others emit `error`, which src/cli/common/streams.ts ignores
  }
}
