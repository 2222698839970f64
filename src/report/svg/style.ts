import { checkArguments } from '../../core/check.js';
import { expected } from '../../core/errors.js';

/** Colours of a page and its plots, for light and dark screens. Marks differ in shape too, never in colour alone. */
const LIGHT =
  '--paper:#ffffff;--card:#f7f8fa;--ink:#191c22;--muted:#596273;--line:#dfe3ea;--accent:#2356d8;--warm:#b4450f;--cool:#0b7268;' +
  '--g0:#b3c3f1;--g1:#9ab0ee;--g2:#7b97e8;--g3:#567ae1;--g4:#2f5ed9;--g5:#173fa8;--faint:#b9c0cc';
const DARK =
  '--paper:#12151a;--card:#1a1e25;--ink:#e9ebf0;--muted:#a2abba;--line:#2d343f;--accent:#86a9ff;--warm:#ffa26b;--cool:#54d3c2;' +
  '--g0:#33416b;--g1:#41558f;--g2:#526bb4;--g3:#6685d6;--g4:#86a9ff;--g5:#c3d4ff;--faint:#59626f';

/** `:root` of a page, or the drawing itself. */
export function colours(selector: string): string {
  return `${selector}{${LIGHT}}@media (prefers-color-scheme:dark){${selector}{${DARK}}}`;
}

/** How plots look, wherever they are. */
export const PLOT_STYLE = [
  '.plot{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;fill:var(--ink)}',
  '.plot .tick{fill:var(--muted);font-variant-numeric:tabular-nums}',
  '.plot .axis{fill:var(--muted);font-weight:600}',
  '.plot .grid{stroke:var(--line);stroke-width:1}',
  '.plot .limit{stroke:var(--warm);stroke-width:1.5;stroke-dasharray:5 4}',
  '.plot .limit-text{fill:var(--warm)}',
  '.plot .end{text-anchor:end}.plot .middle{text-anchor:middle}.plot .strong{font-weight:600}',
  '.plot .dot{stroke:var(--paper);stroke-width:.75}',
  ...[0, 1, 2, 3, 4, 5].map((i) => `.plot .g${i}{fill:var(--g${i})}`),
  '.plot .hollow{fill:none;stroke:var(--warm);stroke-width:1.25}',
  '.plot .front{fill:none;stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 3;opacity:.75}',
  '.plot .star{fill:var(--warm);stroke:var(--paper);stroke-width:1.5}',
  '.plot .curve{fill:none;stroke-width:1.75;stroke-linejoin:round}',
  '.plot .c0{stroke:var(--accent)}.plot .c1{stroke:var(--warm);stroke-dasharray:6 4}.plot .c2{stroke:var(--cool);stroke-dasharray:2 3}',
  '.plot .c3{stroke:var(--muted);stroke-dasharray:8 3 2 3}.plot .c4{stroke:var(--g2)}.plot .c5{stroke:var(--g5);stroke-dasharray:1 2}',
  '.plot .f0{fill:var(--accent)}.plot .f1{fill:var(--warm)}.plot .f2{fill:var(--cool)}.plot .f3{fill:var(--muted)}.plot .f4{fill:var(--g2)}.plot .f5{fill:var(--g5)}',
  '.plot .all{fill:var(--faint)}.plot .top{fill:var(--accent)}',
  '.plot .box{fill:var(--card);stroke:var(--line)}.plot .chosen{stroke:var(--accent);stroke-width:1.5}',
].join('');

/** A drawing as a file of its own: it brings its colours, also those for dark screens. */
export function standalone(svg: string): string {
  const style = `<style>${colours('.plot')}.plot{background:var(--paper)}${PLOT_STYLE}</style>`;
  checkArguments('standalone()', { text: svg });
  const box = /viewBox="\S+ \S+ (\S+) (\S+)"/.exec(svg);
  if (box === null) throw expected('a drawing with a viewBox', 'standalone()', svg);
  const [, width, height] = box;
  return `${svg
    .replace('<svg ', `<svg width="${width}" height="${height}" `)
    .replace('</title>', `</title>${style}`)}\n`;
}
