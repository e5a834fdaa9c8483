// From a source at a commit to objects: plain directories here, kustomizations in the worker, both cached by content.
import { join } from 'node:path';
import { assetPath, DarumaError } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import type { ApplicationSource } from '../model/index.ts';
import { renderDirectory } from './directory.ts';
import type { EngineRequest } from './engine-protocol.ts';
import { collectFileSet, type FileSet, kustomizationOf, type ReadPath } from './file-set.ts';
import { overlayFor } from './kustomize-options.ts';
import { RenderWorker } from './render-worker.ts';

export interface Rendered {
  /** Shared: must not be changed. */
  objects: KubeObject[];
  /** The folders of the repository that were read: only a change below one of them can change the objects. */
  paths: string[];
}

export interface RendererOptions {
  cacheDir: string;
  /** Default 20 s. */
  timeoutMs?: number;
  /** Where the built worker and engine are, when not in dist. */
  workerPath?: string;
  enginePath?: string;
}

export class Renderer implements AsyncDisposable {
  readonly #worker: RenderWorker;

  constructor({ cacheDir, timeoutMs = 20_000, workerPath, enginePath }: RendererOptions) {
    this.#worker = new RenderWorker({
      cacheDir: join(cacheDir, 'engines'),
      timeoutMs,
      workerPath: workerPath ?? assetPath('dist/render-worker.js'),
      enginePath: enginePath ?? assetPath('dist/engines/kustomize.wasm.br'),
    });
  }

  /** Loads the engine ahead of its first use (0.5 s, on another thread). */
  warmUp(): Promise<void> {
    return this.#worker.warmUp();
  }

  /** @throws DarumaError RENDER_FAILED, UNSUPPORTED_FIELD for what is refused by name */
  async render(source: ApplicationSource, read: ReadPath): Promise<Rendered> {
    const set = await collectFileSet(read, source.path);
    if (set.files.size === 0)
      throw new DarumaError('RENDER_FAILED', `${source.path || '/'}: app path does not exist`, {
        hint: 'check spec.source.path and that the folder is committed',
      });
    const kustomized = kustomizationOf(set.files, source.path) !== undefined;
    if (!kustomized && source.kustomize)
      throw new DarumaError(
        'RENDER_FAILED',
        `${source.path || '/'} has no kustomization.yaml, which spec.source.kustomize needs`,
      );
    if (!kustomized || (source.directory && !source.kustomize))
      return { objects: renderDirectory(set.files, source.path, source.directory), paths: set.paths };
    return { objects: await this.#kustomize(source, set), paths: set.paths };
  }

  async #kustomize(source: ApplicationSource, set: FileSet): Promise<KubeObject[]> {
    const request: EngineRequest = { files: {}, dirs: [`/${source.path}`] };
    for (const [name, content] of set.files) {
      const text = asText(content);
      if (text !== undefined) request.files[`/${name}`] = text;
      else (request.binary ??= {})[`/${name}`] = Buffer.from(content).toString('base64');
    }
    if (source.kustomize) {
      const overlay = overlayFor(source.kustomize, source.path);
      request.files[overlay.file] = overlay.content;
      request.dirs = [overlay.dir];
    }
    const [result] = await this.#worker.render(request);
    if (result?.refused)
      throw new DarumaError(
        'UNSUPPORTED_FIELD',
        `${result.refused.replace(' in /', ' in ')} is not supported: rendering reads this repository alone`,
        {
          hint: 'copy what it brings into the repository',
        },
      );
    if (!result?.objects) throw new DarumaError('RENDER_FAILED', shorten(result?.error ?? 'Kustomize gave no answer'));
    return result.objects;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#worker[Symbol.asyncDispose]();
  }
}

function asText(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** Kustomize repeats its way down for every level; the last part names the cause. */
function shorten(message: string): string {
  const lines = message
    .trim()
    .split('\n')
    .map(line => line.trim());
  const text = lines.join(' ');
  return text.length > 600 ? `${text.slice(0, 150)} … ${text.slice(-440)}` : text;
}
