// Paints whole frames on the alternate screen, line by line where they differ. Ink's own incremental rendering counts from where
// it believes the cursor to be; here each line has its place.
import { Writable } from 'node:stream';

const BEGIN_SYNCHRONISED = '\u001b[?2026h';
const END_SYNCHRONISED = '\u001b[?2026l';

/** Stands in for the terminal's stream: give it to Ink with `debug`, in which it writes each frame whole. */
export class FrameWriter extends Writable {
  readonly isTTY = true;
  readonly #terminal: NodeJS.WriteStream;
  #lines: string[] = [];
  readonly #resized = () => {
    this.#lines = [];
    this.#terminal.write('\u001b[2J');
    this.emit('resize');
  };

  constructor(terminal: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    terminal.on('resize', this.#resized);
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  get rows(): number {
    return this.#terminal.rows;
  }

  override _write(frame: string, _encoding: BufferEncoding, done: () => void): void {
    const next = frame.split('\n').slice(0, this.rows || 24);
    const changed: string[] = [];
    for (let row = 0; row < Math.max(next.length, this.#lines.length); row++) {
      const line = next[row] ?? '';
      if (line !== this.#lines[row]) changed.push(`\u001b[${row + 1};1H${line}\u001b[0m\u001b[K`);
    }
    this.#lines = next;
    if (changed.length === 0) return done();
    if (this.#terminal.write(BEGIN_SYNCHRONISED + changed.join('') + END_SYNCHRONISED)) return done();
    this.#terminal.once('drain', done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#terminal.off('resize', this.#resized);
    done(error);
  }
}
