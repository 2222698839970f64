// Draws what a terminal shows as SVG: `node scripts/terminal-svg.mjs --out docs/images/terminal.svg -- singlepath run -c …`
// runs the command at a terminal (util-linux's script) and draws its screen when it has ended, or, with --until TEXT, when
// that text was first written. --lines FIRST,LAST keeps so many lines of its beginning and of its end. The picture follows the reader's light or dark scheme.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    until: { type: 'string' },
    lines: { type: 'string', default: '0,30' },
    columns: { type: 'string', default: '100' },
    show: { type: 'string' }, // the command as people type it
  },
});
if (values.out === undefined || positionals.length === 0) {
  console.error(
    'terminal-svg.mjs --out FILE.svg [--show TEXT] [--until TEXT] [--lines FIRST,LAST] [--columns N] -- COMMAND',
  );
  process.exit(2);
}

const LIGHT = {
  ink: '#1c2733',
  paper: '#fbfcfd',
  line: '#cfd8e0',
  muted: '#667788',
  accent: '#0b5fa5',
  cool: '#0a7b62',
};
const DARK = {
  ink: '#dbe4ec',
  paper: '#10171e',
  line: '#33414e',
  muted: '#8496a6',
  accent: '#7cc0ff',
  cool: '#5fd3b4',
};

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;
const columns = Number(values.columns);
const output = capture(`stty cols ${columns}; ${positionals.map(quoted).join(' ')}`);
const end = values.until === undefined ? output.length : output.indexOf(values.until) + values.until.length;
const shown = screen(output.slice(0, end));
const [first, last] = values.lines.split(',').map(Number);
const lines =
  shown.length <= first + last
    ? shown
    : [...shown.slice(0, first), ...(first > 0 ? ['⋮'] : []), ...shown.slice(-last)];
writeFileSync(values.out, draw([`$ ${values.show ?? positionals.join(' ')}`, ...lines]));

function capture(command) {
  const folder = mkdtempSync(join(tmpdir(), 'terminal-'));
  try {
    const file = join(folder, 'typescript');
    const { status, error } = spawnSync('script', ['--quiet', '--return', '--command', command, file], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (error !== undefined || status !== 0) {
      console.error(`terminal-svg.mjs: the command ended with ${error?.message ?? status}`);
      process.exit(1);
    }
    // script writes a line of its own before and after.
    return readFileSync(file, 'utf8')
      .replace(/^Script started.*\n/, '')
      .replace(/\nScript done.*\n?$/, '\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The lines on a screen: singlepath returns to the start of a line and clears the rest of it, and nothing else. */
function screen(text) {
  const shown = [''];
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is read
  for (const part of text.match(/\x1b\[\??[\d;]*[A-Za-z]|[\s\S]/gu) ?? []) {
    const line = shown.at(-1);
    if (part === '\n') {
      shown.push('');
      column = 0;
    } else if (part === '\r') column = 0;
    else if (part === '\x1b[K') shown[shown.length - 1] = line.slice(0, column);
    else if (!part.startsWith('\x1b')) {
      shown[shown.length - 1] = line.slice(0, column).padEnd(column) + part + line.slice(column + 1);
      column++;
    }
  }
  while (shown.length > 0 && shown.at(-1) === '') shown.pop();
  return shown;
}

function draw(lines) {
  const [character, height, margin, bar] = [8.4, 20, 18, 34];
  const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const wrapped = lines.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'gu')) ?? ['']);
  const width = Math.round(2 * margin + columns * character);
  const total = bar + wrapped.length * height + margin;
  const text = wrapped.map((line, i) => {
    const kind = line.startsWith('$ ')
      ? 'typed'
      : /█|░/.test(line)
        ? 'bar'
        : /^next: /.test(line)
          ? 'next'
          : '';
    const time = /^\d\d:\d\d:\d\d /.exec(line)?.[0] ?? '';
    const start = time === '' ? '' : `<tspan class="time">${time}</tspan>`;
    return `<text x="${margin}" y="${bar + (i + 1) * height - 5}"${kind && ` class="${kind}"`} xml:space="preserve">${start}${escaped(line.slice(time.length))}</text>`;
  });
  const colours = ({ ink, paper, line, muted, accent, cool }) =>
    `.paper{fill:${paper};stroke:${line}}text{fill:${ink}}.time,.dot{fill:${muted}}.typed{fill:${accent}}.bar{fill:${cool}}.next{fill:${accent}}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${total}" viewBox="0 0 ${width} ${total}" role="img">
<title>A terminal: ${escaped(lines[0])}</title>
<style>text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}.typed,.next{font-weight:600}
${colours(LIGHT)}
@media (prefers-color-scheme:dark){${colours(DARK)}}</style>
<rect class="paper" x=".5" y=".5" width="${width - 1}" height="${total - 1}" rx="10"/>
${[0, 1, 2].map((i) => `<circle class="dot" cx="${margin + 6 + 20 * i}" cy="18" r="5.5"/>`).join('')}
${text.join('\n')}
</svg>
`;
}
