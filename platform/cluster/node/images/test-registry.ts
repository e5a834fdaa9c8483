// A registry in memory over HTTP for this folder's tests: manifests and blobs behind basic authentication.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import type { RegistryAccess } from './registry-client.ts';

export type LayerEntry = Partial<Header> & { name: string; content?: string };

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export async function layerOf(entries: LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry({ mode: 0o644, ...header }, content ?? '');
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

export class TestRegistry implements AsyncDisposable {
  readonly contents = new Map<string, Buffer>();
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<TestRegistry> {
    const server = createServer();
    const registry = new TestRegistry(server);
    const credentials = `Basic ${Buffer.from('node:secret').toString('base64')}`;
    server.on('request', (incoming, response) => {
      registry.requests.push(incoming.url ?? '');
      const bytes = registry.contents.get(incoming.url ?? '');
      response.statusCode = incoming.headers.authorization !== credentials ? 401 : bytes ? 200 : 404;
      response.end(response.statusCode === 200 ? bytes : '');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return registry;
  }

  get access(): RegistryAccess {
    const { port } = this.#server.address() as AddressInfo;
    return { name: 'registry.daruma.internal', url: `http://127.0.0.1:${port}`, username: 'node', password: 'secret' };
  }

  /** Stores an image under a tag; returns its manifest's digest. */
  async push(repository: string, tag: string, { layers, config }: { layers: LayerEntry[][]; config: object }): Promise<string> {
    const put = (bytes: Buffer): { digest: string; size: number } => {
      const digest = digestOf(bytes);
      this.contents.set(`/v2/${repository}/blobs/${digest}`, bytes);
      return { digest, size: bytes.length };
    };
    const blobs = [];
    for (const layer of layers) blobs.push(put(await layerOf(layer)));
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, config: put(Buffer.from(JSON.stringify(config))), layers: blobs }),
    );
    this.contents.set(`/v2/${repository}/manifests/${tag}`, manifest);
    this.contents.set(`/v2/${repository}/manifests/${digestOf(manifest)}`, manifest);
    return digestOf(manifest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>(resolve => void this.#server.close(() => resolve()));
  }
}
