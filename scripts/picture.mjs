// Makes docs/pictures/tui.svg: brings a platform up, plays the terminal UI to its third scenario in a pseudo-terminal and draws
// the screen as it is then. Needs a build and util-linux `script`. Usage: node scripts/picture.mjs [FILE]

import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const COLUMNS = 110;
const ROWS = 32;
const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;
const BAR = 28;
const GROUND = '#16181d';
const INK = '#d7dae0';
// The sixteen named colours; the UI uses no others, so that it looks right on light and on dark.
const NAMED = [
  ...['#2b2f38', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#d7dae0'],
  ...['#7f848e', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#ffffff'],
];

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'dist', 'daruma.js');
const target = process.argv[2] ?? join(root, 'docs', 'pictures', 'tui.svg');
const home = await mkdtemp(join(tmpdir(), 'daruma-picture-'));
const cache = join(root, 'node_modules', '.cache', 'picture');
const daruma = (...args) =>
  execFileSync(process.execPath, [program, ...args, '--home', home], { stdio: ['ignore', 'pipe', 'inherit'] });
try {
  daruma('up', '--detach');
  await writeFile(target, draw(await play()));
} finally {
  daruma('down', '--purge');
  await rm(home, { recursive: true, force: true });
  await rm(cache, { recursive: true, force: true });
}

/** The screen in scenario 3: dev runs the new version, staging and prod wait for somebody. */
async function play() {
  const terminal = await (await driver()).start({
    command: [process.execPath, program, 'ui', '--home', home],
    columns: COLUMNS,
    rows: ROWS,
  });
  try {
    for (let step = 0; step < 4; step++) {
      await terminal.shows(text => text.includes(`${step < 2 ? 1 : 2}/6 ·`) && text.includes(`Step ${(step % 2) + 1} of 2`));
      await terminal.shows(text => text.includes('do it') && !text.includes('preparing'));
      terminal.type('s');
      await terminal.shows('verified');
      terminal.type('\r');
    }
    await terminal.shows(
      text => text.includes('3/6 ·') && text.includes('✓ prod answers with the old one') && text.includes('do it'),
    );
    await terminal.shows(/\(●●\) dev +Synced +Healthy/);
    return cells(terminal.screen);
  } finally {
    await terminal[Symbol.asyncDispose]();
  }
}

/** The tests' driver, which is TypeScript. */
async function driver() {
  const outfile = join(cache, 'terminal.mjs');
  await mkdir(cache, { recursive: true });
  await build({
    entryPoints: [join(root, 'test', 'drivers', 'terminal.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    outfile,
  });
  return (await import(pathToFileURL(outfile).href)).PseudoTerminal;
}

/** Rows of runs: neighbouring cells that look the same. */
function cells(screen) {
  const { active } = screen.buffer;
  return Array.from({ length: ROWS }, (_, row) => {
    const line = active.getLine(active.viewportY + row);
    const runs = [];
    for (let column = 0; line && column < COLUMNS; column++) {
      const cell = line.getCell(column);
      if (!cell || cell.getWidth() === 0) continue;
      const style = styleOf(cell);
      const last = runs.at(-1);
      if (last && JSON.stringify(last.style) === JSON.stringify(style)) last.text += cell.getChars() || ' ';
      else runs.push({ column, style, text: cell.getChars() || ' ' });
    }
    return runs;
  });
}

function styleOf(cell) {
  const named = cell.isFgPalette() ? (NAMED[cell.getFgColor()] ?? INK) : INK;
  const inverse = cell.isInverse() !== 0;
  return {
    fill: inverse ? GROUND : named,
    ...(inverse ? { ground: named } : {}),
    ...(cell.isBold() ? { bold: true } : {}),
    ...(cell.isDim() ? { dim: true } : {}),
  };
}

function draw(rows) {
  const width = COLUMNS * CELL.width + 2 * MARGIN;
  const height = ROWS * CELL.height + 2 * MARGIN + BAR;
  const shapes = rows.flatMap((runs, row) =>
    runs.flatMap(({ column, style, text }) => {
      const x = round(MARGIN + column * CELL.width);
      const y = round(MARGIN + BAR + row * CELL.height);
      const length = round([...text].length * CELL.width);
      const ground = style.ground
        ? [`<rect x="${x}" y="${y}" width="${length}" height="${CELL.height}" fill="${style.ground}"/>`]
        : [];
      if (text.trim() === '') return ground;
      const look = `${style.bold ? ' font-weight="bold"' : ''}${style.dim ? ' opacity="0.6"' : ''}`;
      return [
        ...ground,
        `<text x="${x}" y="${round(y + CELL.height * 0.74)}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${style.fill}"${look}>${escaped(text)}</text>`,
      ];
    }),
  );
  const lights = ['#e06c75', '#e5c07b', '#98c379'].map(
    (fill, index) => `<circle cx="${MARGIN + 6 + index * 20}" cy="${BAR - 6}" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The terminal UI of daruma">
<rect width="${width}" height="${height}" rx="10" fill="${GROUND}"/>
${lights.join('')}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
${shapes.join('\n')}
</g>
</svg>
`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function escaped(text) {
  return text.replace(/[&<>]/g, character => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? character);
}
