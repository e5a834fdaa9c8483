// SPDY/3.1 frames, as far as Kubernetes' streams need them: SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, data.
// SPDY Protocol - Draft 3.1, sections 2.2 and 2.6.
import { constants, createDeflate, createInflate, type Deflate, type Inflate } from 'node:zlib';
import { HEADER_DICTIONARY } from './spdy-dictionary.ts';

export const SYN_STREAM = 1;
export const SYN_REPLY = 2;
export const RST_STREAM = 3;
export const PING = 6;
export const GOAWAY = 7;
export const FLAG_FIN = 1;

const VERSION = 3;
const HEAD_BYTES = 8;
const FRAME_LIMIT_BYTES = 1 << 24;

export type Frame =
  | { control: true; type: number; flags: number; payload: Buffer }
  | { control: false; streamId: number; flags: number; payload: Buffer };

/** Cuts a stream of bytes into frames. @throws Error for a frame that is too long */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Frame[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    while (this.#rest.length >= HEAD_BYTES) {
      const length = this.#rest.readUIntBE(5, 3);
      if (length >= FRAME_LIMIT_BYTES) throw new Error('a SPDY frame is too long');
      if (this.#rest.length < HEAD_BYTES + length) break;
      const flags = this.#rest[4] as number;
      const payload = this.#rest.subarray(HEAD_BYTES, HEAD_BYTES + length);
      const first = this.#rest.readUInt32BE(0);
      frames.push(
        first & 0x80000000
          ? { control: true, type: first & 0xffff, flags, payload }
          : { control: false, streamId: first & 0x7fffffff, flags, payload },
      );
      this.#rest = this.#rest.subarray(HEAD_BYTES + length);
    }
    return frames;
  }
}

export function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(0x8000 | VERSION, 0);
  head.writeUInt16BE(type, 2);
  head[4] = flags;
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

export function dataFrame(streamId: number, flags: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32BE(streamId, 0);
  head[4] = flags;
  head.writeUIntBE(payload.length, 5, 3);
  return Buffer.concat([head, payload]);
}

export function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    buffer.writeUInt32BE(value >>> 0, index * 4);
  });
  return buffer;
}

type Zlib = Deflate | Inflate;

/** Header blocks share one compression context per direction, so they are coded one after the other. */
class BlockCoder {
  readonly #zlib: Zlib;
  #last: Promise<unknown> = Promise.resolve();

  constructor(zlib: Zlib) {
    this.#zlib = zlib;
    zlib.on('error', () => {});
  }

  code(block: Buffer): Promise<Buffer> {
    const next = this.#last.then(() => this.#one(block));
    this.#last = next.catch(() => {});
    return next;
  }

  #one(block: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const onData = (chunk: Buffer) => chunks.push(chunk);
      this.#zlib.once('error', reject);
      this.#zlib.on('data', onData);
      this.#zlib.write(block);
      this.#zlib.flush(constants.Z_SYNC_FLUSH, () => {
        this.#zlib.removeListener('data', onData);
        this.#zlib.removeListener('error', reject);
        resolve(Buffer.concat(chunks));
      });
    });
  }

  close(): void {
    this.#zlib.destroy();
  }
}

/** Reads and writes the compressed name-value blocks of one connection. */
export class HeaderCodec {
  readonly #inflate = new BlockCoder(createInflate({ dictionary: HEADER_DICTIONARY, flush: constants.Z_SYNC_FLUSH }));
  readonly #deflate = new BlockCoder(createDeflate({ dictionary: HEADER_DICTIONARY, flush: constants.Z_SYNC_FLUSH }));

  async decode(block: Buffer): Promise<Map<string, string>> {
    const plain = await this.#inflate.code(block);
    const headers = new Map<string, string>();
    let offset = 4;
    const text = (): string => {
      const length = plain.readUInt32BE(offset);
      const value = plain.toString('utf8', offset + 4, offset + 4 + length);
      offset += 4 + length;
      return value;
    };
    for (let count = plain.readUInt32BE(0); count > 0; count--) headers.set(text().toLowerCase(), text());
    return headers;
  }

  encode(headers: ReadonlyMap<string, string>): Promise<Buffer> {
    const parts: Buffer[] = [words(headers.size)];
    for (const [name, value] of headers) {
      for (const text of [name, value]) {
        const bytes = Buffer.from(text);
        parts.push(words(bytes.length), bytes);
      }
    }
    return this.#deflate.code(Buffer.concat(parts));
  }

  close(): void {
    this.#inflate.close();
    this.#deflate.close();
  }
}
