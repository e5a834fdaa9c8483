// A connection by a kubeconfig that may be replaced meanwhile: a rebuilt cluster has another address and other certificates.
import { readFileSync } from 'node:fs';
import { type KubeRequest, type KubeResponse, type KubeTransport, transportFromKubeconfig } from '../../platform/kube/index.ts';

export class FollowingTransport implements KubeTransport {
  readonly #path: string;
  #current: { text: string; transport: KubeTransport } | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    const text = readFileSync(this.#path, 'utf8');
    if (this.#current?.text !== text) {
      await this.#current?.transport[Symbol.asyncDispose]();
      this.#current = { text, transport: transportFromKubeconfig(this.#path) };
    }
    return this.#current.transport.request(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#current?.transport[Symbol.asyncDispose]();
    this.#current = undefined;
  }
}
