// Kubernetes' channel protocol over a WebSocket: the first byte of a message names the channel.
import type { WebSocket } from 'ws';

export const STDIN = 0;
export const STDOUT = 1;
export const STDERR = 2;
export const ERROR = 3;
export const RESIZE = 4;
/** v5: a message on this channel closes the channel that it names. */
const CLOSE = 255;

const HIGH_WATER_BYTES = 1024 * 1024;
const POLL_MS = 20;

/** The protocols that exec and attach speak, best first. */
export const REMOTE_COMMAND_PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io', 'channel.k8s.io'];

export class ChannelSocket {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(channel: number, data: Uint8Array): void {
    if (!this.isOpen) return;
    const message = Buffer.allocUnsafe(data.length + 1);
    message[0] = channel;
    message.set(data, 1);
    this.#socket.send(message);
  }

  /** Resolves when the client has taken most of what was sent, or has gone. */
  async drained(): Promise<void> {
    while (this.isOpen && this.#socket.bufferedAmount > HIGH_WATER_BYTES)
      await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }

  /** `onData` gets each message; `onClose` the channels that a v5 client closes. */
  receive(onData: (channel: number, data: Buffer) => void, onClose: (channel: number) => void): void {
    this.#socket.on('message', (raw: Buffer | ArrayBuffer | Buffer[]) => {
      const message = Array.isArray(raw) ? Buffer.concat(raw) : Buffer.from(raw as Buffer);
      const channel = message[0];
      if (channel === undefined) return;
      if (channel === CLOSE) {
        if (message.length > 1) onClose(message[1] as number);
      } else {
        onData(channel, message.subarray(1));
      }
    });
  }

  close(): void {
    this.#socket.close(1000);
  }
}
