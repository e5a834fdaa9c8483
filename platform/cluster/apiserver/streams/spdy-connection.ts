// The server's end of one SPDY/3.1 connection that a client tunnels through a WebSocket: streams come in, bytes go both ways.
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import {
  controlFrame,
  dataFrame,
  FLAG_FIN,
  type Frame,
  FrameReader,
  GOAWAY,
  HeaderCodec,
  PING,
  RST_STREAM,
  SYN_REPLY,
  SYN_STREAM,
  words,
} from './spdy-frames.ts';

const CANCEL = 5;
const CHUNK_BYTES = 64 * 1024;
const STREAM_LIMIT = 1024;

interface Wire {
  write(bytes: Buffer): Promise<void>;
  close(): void;
}

/** One stream; ending it sends FIN, destroying it resets it. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #wire: Wire;
  #finished = false;

  constructor(id: number, headers: ReadonlyMap<string, string>, wire: Wire) {
    super({ allowHalfOpen: true });
    this.id = id;
    this.headers = headers;
    this.#wire = wire;
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    this.#send(chunk).then(() => callback(), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#finished = true;
    this.#wire.write(dataFrame(this.id, FLAG_FIN, Buffer.alloc(0))).then(() => callback(), callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#finished) this.#wire.write(controlFrame(RST_STREAM, 0, words(this.id, CANCEL))).catch(() => {});
    callback(error);
  }

  /** What the client sent. */
  receive(payload: Buffer, fin: boolean): void {
    if (payload.length > 0) this.push(payload);
    if (fin) this.push(null);
  }

  async #send(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES)
      await this.#wire.write(dataFrame(this.id, 0, chunk.subarray(at, at + CHUNK_BYTES)));
  }
}

export class SpdyConnection {
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  readonly #resolveEnded: () => void;
  readonly #wire: Wire;
  readonly #reader = new FrameReader();
  readonly #codec = new HeaderCodec();
  readonly #streams = new Map<number, SpdyStream>();
  #onStream: (stream: SpdyStream) => void = () => {};
  // Frames are handled one after the other, since headers are decoded asynchronously.
  #work: Promise<void> = Promise.resolve();

  constructor(wire: Wire) {
    this.#wire = wire;
    let resolve: () => void = () => {};
    this.ended = new Promise(done => {
      resolve = done;
    });
    this.#resolveEnded = resolve;
  }

  static overWebSocket(socket: WebSocket): SpdyConnection {
    const wire: Wire = {
      write: bytes =>
        new Promise((resolve, reject) => {
          if (socket.readyState !== socket.OPEN) reject(new Error('the connection is closed'));
          else socket.send(bytes, error => (error ? reject(error) : resolve()));
        }),
      close: () => socket.close(1000),
    };
    const connection = new SpdyConnection(wire);
    socket.on('message', (raw: Buffer | ArrayBuffer | Buffer[]) =>
      connection.receive(Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw as Buffer)),
    );
    socket.once('close', () => connection.end());
    return connection;
  }

  /** Called for each stream that the client opens, after it was accepted. */
  set onStream(listener: (stream: SpdyStream) => void) {
    this.#onStream = listener;
  }

  receive(bytes: Buffer): void {
    this.#work = this.#work
      .then(async () => {
        for (const frame of this.#reader.push(bytes)) await this.#handle(frame);
      })
      .catch(() => this.close());
  }

  close(): void {
    this.#wire.close();
    this.end();
  }

  /** The wire has gone: every stream ends. */
  end(): void {
    for (const stream of this.#streams.values()) stream.destroy();
    this.#streams.clear();
    this.#codec.close();
    this.#resolveEnded();
  }

  async #handle(frame: Frame): Promise<void> {
    if (!frame.control) {
      this.#streams.get(frame.streamId)?.receive(frame.payload, (frame.flags & FLAG_FIN) !== 0);
      return;
    }
    const { type, flags, payload } = frame;
    if (type === SYN_STREAM) await this.#open(payload, flags);
    else if (type === RST_STREAM) this.#reset(payload.readUInt32BE(0) & 0x7fffffff);
    else if (type === PING) await this.#wire.write(controlFrame(PING, 0, Buffer.from(payload)));
    else if (type === GOAWAY) this.close();
  }

  async #open(payload: Buffer, flags: number): Promise<void> {
    const id = payload.readUInt32BE(0) & 0x7fffffff;
    const headers = await this.#codec.decode(payload.subarray(10));
    if (this.#streams.size >= STREAM_LIMIT) throw new Error('too many streams');
    const stream = new SpdyStream(id, headers, this.#wire);
    this.#streams.set(id, stream);
    stream.once('close', () => this.#streams.delete(id));
    const block = await this.#codec.encode(new Map());
    await this.#wire.write(controlFrame(SYN_REPLY, 0, Buffer.concat([words(id), block])));
    this.#onStream(stream);
    if (flags & FLAG_FIN) stream.receive(Buffer.alloc(0), true);
  }

  #reset(id: number): void {
    this.#streams.get(id)?.destroy();
  }
}
