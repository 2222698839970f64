/** What a progress bar shows, most important first. */
export interface BarState {
  title: string;
  done: number;
  total: number;
  /** Name and value of what else is of interest. */
  fields: Readonly<Record<string, string>>;
  /** Time left, as text. */
  left: string;
}

const WIDEST = 24;
const NARROWEST = 6;

/**
 * `supernet [████░░░░] 120/400  loss 1.234  images/s 512  ETA 2m 05s` in at most `width` columns: the bar shrinks, then
 * fields are left out from the last on, then the bar.
 */
export function formatBar({ title, done, total, fields, left }: BarState, width: number): string {
  const count = `${done}/${total}`;
  const details = Object.entries(fields).map(([name, value]) => `  ${name} ${value}`);
  const eta = `  ETA ${left}`;
  for (let shown = details.length; shown >= 0; shown--) {
    const rest = `${count}${details.slice(0, shown).join('')}${eta}`;
    const room = width - title.length - rest.length - 2;
    if (room >= NARROWEST) return `${title} ${bar(done / total, Math.min(room, WIDEST))} ${rest}`;
  }
  return `${title} ${count}${eta}`.slice(0, width);
}

function bar(share: number, size: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * size);
  return '█'.repeat(filled) + '░'.repeat(size - filled);
}
