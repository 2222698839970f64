import { formatTime } from '../cost/constraint.js';
import { pathRows, spaceRows } from '../latency/rows.js';
import { bestRows, type LatencyTable, rowTime } from '../latency/table.js';
import type { Architecture, SearchSpace } from '../space/types.js';

const [WIDTH, NAME, BAR, GAP] = [640, 220, 12, 8];

/** A drawing of every choice's time, layer by layer; the rows of `marked` are filled. */
export function latencySvg(space: SearchSpace, table: LatencyTable, marked?: Architecture): string {
  const best = bestRows(table);
  const { rows, layers } = spaceRows(space);
  const chosen = marked && pathRows(space, marked);
  const timeOf = (row: number) => {
    const measured = best.get(rows[row]!.key);
    return measured === undefined ? undefined : rowTime(measured);
  };
  const longest = Math.max(1, ...rows.map((_, row) => timeOf(row) ?? 0));
  const parts: string[] = [];
  let y = 40;
  for (const { name, rows: options, layer } of layers) {
    parts.push(`<text x="8" y="${y + BAR - 2}" font-weight="bold">${escaped(name)}</text>`);
    for (const row of new Set(options)) {
      const time = timeOf(row);
      const width = ((time ?? 0) / longest) * (WIDTH - NAME - 90);
      const fill = chosen === undefined || chosen[layer] === row ? '#3b6ea5' : '#c5d3e2';
      parts.push(
        `<text x="${NAME - 8}" y="${y + BAR - 2}" text-anchor="end">${escaped(rows[row]!.label)}</text>`,
        `<rect x="${NAME}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${fill}"/>`,
        `<text x="${(NAME + width + 6).toFixed(1)}" y="${y + BAR - 2}">${time === undefined ? 'missing' : formatTime(time)}</text>`,
      );
      y += BAR + 2;
    }
    y += GAP;
  }
  const title = `${space.name} on ${table.header.environment.device}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    `<text x="8" y="20" font-size="14">${escaped(title)}</text>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
