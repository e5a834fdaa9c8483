// How the CLI writes: the daruma's eyes, aligned columns, colour where the terminal takes it.
import { styleText } from 'node:util';
import type { ApplicationView } from '../../platform/api/index.ts';

type Style = Parameters<typeof styleText>[0];

const colour = process.env['NO_COLOR'] === undefined && (process.stdout.isTTY || process.env['FORCE_COLOR'] !== undefined);
/** Plain glyphs for terminals that are not told to be UTF-8. */
const plain = process.env['DARUMA_ASCII'] !== undefined || process.env['TERM'] === 'linux';

export function paint(style: Style, text: string): string {
  return colour ? styleText(style, text, { validateStream: false }) : text;
}

export const mark = {
  done: () => paint('green', plain ? 'ok' : '✓'),
  failed: () => paint('red', plain ? 'x' : '✗'),
  running: () => paint('yellow', plain ? '~' : '◐'),
  skipped: () => paint('gray', '-'),
};

/** The sign of an application's state: left eye Git, right eye cluster. */
export function eyes({
  sync,
  health,
  drift,
}: Pick<ApplicationView, 'sync' | 'health'> & { drift: readonly unknown[] | number }): string {
  const drifted = typeof drift === 'number' ? drift > 0 : drift.length > 0;
  if (health === 'Degraded') return paint('red', plain ? '[ox]' : '(●×)');
  if (drifted && sync === 'OutOfSync') return paint('magenta', plain ? '[o!]' : '(●≠)');
  if (sync === 'OutOfSync') return paint('yellow', plain ? '[o.]' : '(●○)');
  if (health === 'Progressing' || health === 'Missing') return paint('cyan', plain ? '[o~]' : '(●◐)');
  if (sync === 'Synced' && (health === 'Healthy' || health === 'Suspended')) return paint('green', plain ? '[oo]' : '(●●)');
  return paint('gray', plain ? '[..]' : '(○○)');
}

/** Columns padded to their widest cell; two spaces between. */
export function table(header: string[], rows: string[][]): string {
  const width = header.map((title, column) => Math.max(visible(title), ...rows.map(row => visible(row[column] ?? ''))));
  const line = (cells: string[]) =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (width[column] ?? 0) - visible(cell))))
      .join('  ')
      .trimEnd();
  return [paint('bold', line(header)), ...rows.map(line)].join('\n');
}

function visible(text: string): number {
  return [...text.replace(/\u001b\[[0-9;]*m/g, '')].length;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function ago(time: string | undefined, now = Date.now()): string {
  if (!time) return '-';
  const s = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (s < 120) return `${s} s ago`;
  if (s < 7200) return `${Math.round(s / 60)} min ago`;
  return s < 172_800 ? `${Math.round(s / 3600)} h ago` : `${Math.round(s / 86_400)} d ago`;
}

export function short(sha: string): string {
  return sha === '' ? '-' : sha.slice(0, 7);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
