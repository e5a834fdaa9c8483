// Owns the render worker: one request at a time, each within its time; a worker that overruns or dies is replaced.
import { Worker } from 'node:worker_threads';
import { DarumaError } from '../../core/index.ts';
import type { EngineRequest, EngineResult, WorkerAnswer, WorkerData, WorkerRequest } from './engine-protocol.ts';

interface RenderWorkerOptions {
  workerPath: string;
  enginePath: string;
  cacheDir: string;
  timeoutMs: number;
}

/** Touches what overlays commonly use (patches load Kubernetes' schema), so that the first real render is a fast one. */
const WARM_UP: EngineRequest = {
  files: {
    '/base/kustomization.yaml':
      'resources: [deployment.yaml]\nlabels: [{pairs: {a: b}, includeSelectors: true, includeTemplates: true}]\n',
    '/base/deployment.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: a, envFrom: [{configMapRef: {name: c}}]}]}}}\n',
    '/warm/kustomization.yaml':
      'namespace: a\nnamePrefix: a-\nresources: [../base]\nimages: [{name: a, newTag: "1"}]\nreplicas: [{name: a, count: 2}]\nconfigMapGenerator: [{name: c, literals: [a=b]}]\npatches: [{path: patch.yaml}, {target: {kind: Deployment}, patch: "- {op: add, path: /spec/paused, value: false}"}]\n',
    '/warm/patch.yaml':
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a, env: [{name: A, value: b}]}]}}}\n',
  },
  dirs: ['/warm'],
};

export class RenderWorker implements AsyncDisposable {
  readonly #options: RenderWorkerOptions;
  #worker: Worker | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #nextId = 1;
  #closed = false;

  constructor(options: RenderWorkerOptions) {
    this.#options = options;
  }

  /** Loads the engine and renders something small, after which a render takes milliseconds. */
  async warmUp(): Promise<void> {
    const [result] = await this.render(WARM_UP);
    if (!result?.objects) throw broken(result?.error ?? result?.refused ?? 'no answer');
  }

  /** @throws DarumaError RENDER_FAILED when the time is over or the engine broke */
  render(request: EngineRequest): Promise<EngineResult[]> {
    const turn = this.#queue.then(() => this.#run(request));
    this.#queue = turn.catch(() => {});
    return turn;
  }

  async #run(request: EngineRequest): Promise<EngineResult[]> {
    if (this.#closed) throw new DarumaError('INTERRUPTED', 'the render worker has been stopped');
    const { timeoutMs } = this.#options;
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    const { promise, resolve, reject } = withResolvers<EngineResult[]>();
    const onMessage = (answer: WorkerAnswer) => {
      if (answer.id !== id) return;
      if ('results' in answer) resolve(answer.results);
      else reject(broken(answer.failure));
    };
    const onError = (error: Error) => reject(broken(error.message));
    const onExit = (code: number) => reject(broken(`it ended with code ${code}`));
    const timer = setTimeout(
      () =>
        reject(
          new DarumaError('RENDER_FAILED', `Kustomize did not finish within ${timeoutMs / 1000} s`, {
            hint: 'look for a kustomization that includes itself or generates without end',
          }),
        ),
      timeoutMs,
    );
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.ref();
    try {
      worker.postMessage({ id, request } satisfies WorkerRequest);
      return await promise;
    } catch (error) {
      this.#worker = undefined;
      await worker.terminate();
      throw error;
    } finally {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      worker.unref();
    }
  }

  #start(): Worker {
    const { workerPath, enginePath, cacheDir } = this.#options;
    const worker = new Worker(workerPath, {
      workerData: { enginePath, cacheDir } satisfies WorkerData,
      execArgv: ['--no-warnings'],
    });
    // An error between two requests only costs the worker.
    worker.on('error', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
    await this.#queue;
  }
}

function broken(reason: string): DarumaError {
  return new DarumaError('RENDER_FAILED', `the Kustomize engine broke: ${reason}`);
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
