// Joins the streams of a container's own process: what it writes from now on, and its input where it was given one.
import { PassThrough, type Readable, Writable } from 'node:stream';
import type { ExecSession } from '../../pod-connector.ts';
import type { RunningContainer } from './container-runtime.ts';

/** A client that reads slower than this lets it is left behind: its output ends. */
const BEHIND_LIMIT_BYTES = 4_000_000;

interface AttachOptions {
  stdin: boolean;
  /** The end of the client's input, or its leaving, is the end of the process's input. */
  once: boolean;
}

/** Killing the session detaches from the process, which goes on. `exit` resolves with 0 at the process's end or the detachment. */
export function attachSession(running: RunningContainer, { stdin, once }: AttachOptions): ExecSession {
  const left = new AbortController();
  const input = running.stdin;
  const gone = new Promise<void>(resolve => left.signal.addEventListener('abort', () => resolve(), { once: true }));
  return {
    ...(stdin && input ? { stdin: inputOf(input, once) } : {}),
    stdout: branch(running.stdout, left.signal),
    stderr: branch(running.stderr, left.signal),
    resize() {
      // The process has pipes and no terminal.
    },
    exit: Promise.race([running.exit, gone]).then(() => ({ code: 0 })),
    kill() {
      if (once && stdin) input?.end();
      left.abort();
    },
  };
}

function inputOf(input: Writable, once: boolean): Writable {
  return new Writable({
    write: (chunk, _encoding, done) => void input.write(chunk, () => done()),
    final: done => (once ? void input.end(() => done()) : done()),
  });
}

/** A copy of what comes from now on; the source has another reader, which alone decides its pace. */
function branch(source: Readable, left: AbortSignal): Readable {
  const copy = new PassThrough();
  const end = () => {
    source.off('data', pass);
    source.off('close', end);
    copy.end();
  };
  const pass = (chunk: Buffer) => {
    copy.write(chunk);
    if (copy.writableLength + copy.readableLength > BEHIND_LIMIT_BYTES) end();
  };
  if (source.destroyed) {
    copy.end();
    return copy;
  }
  source.on('data', pass);
  source.once('close', end);
  left.addEventListener('abort', end, { once: true });
  return copy;
}
