// The build step of the pipeline: a checkout in, an image in the registry out, without a daemon.
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { execa } from 'execa';
import { DarumaError, type Logger } from '../platform/core/index.ts';
import type { Repositories } from '../platform/git/index.ts';
import {
  assembledBase,
  type BaseImage,
  buildImage,
  filesForPlan,
  hostNodeBase,
  imageLabels,
  imagePlanFromDockerfile,
  imageTag,
  RegistryClient,
} from '../platform/images/index.ts';
import type { BuildRequest, BuildResult } from '../platform/pipeline/index.ts';
import { GIT_URL } from './seed.ts';

/** How images are named in Git, on every provider. */
export const REGISTRY_NAME = 'registry.daruma.internal';

export interface ImageActionOptions {
  repositories: () => Repositories;
  registry: { url: string; username: string; password: string };
  base: 'host-node' | 'assembled';
  /** Where an assembled base is kept. */
  cacheDir: string;
  logger: Logger;
}

interface BuildContext {
  tree: Map<string, Uint8Array>;
  executables: Set<string>;
}

export class ImageAction {
  readonly #options: ImageActionOptions;
  readonly #registry: RegistryClient;
  #base: Promise<BaseImage> | undefined;

  constructor(options: ImageActionOptions) {
    this.#options = options;
    this.#registry = new RegistryClient(options.registry);
  }

  /** The tag of a commit's image: the commit and its time, so the same on every machine. */
  async tagOf(repository: string, sha: string): Promise<string> {
    const [commit] = await this.#options.repositories().log(repository, { from: sha, limit: 1 });
    return imageTag(sha, new Date(commit?.date ?? 0));
  }

  /** Builds from the folder, pushes, and names the image as manifests do. The same commit gives the same digest. */
  async buildAndPush({ directory, repository, sha, dockerfile = 'Dockerfile', signal, log }: BuildRequest): Promise<BuildResult> {
    return this.#build({ repository, sha, dockerfile, context: await readContext(directory), signal, log });
  }

  /** The image of a branch's tip, built from the repository itself when the registry does not have it. */
  async ensure(repository: string, branch: string, signal: AbortSignal): Promise<void> {
    const repositories = this.#options.repositories();
    const sha = await repositories.resolve(repository, branch);
    if (await this.#registry.manifest(repository, await this.tagOf(repository, sha))) return;
    const tree = await repositories.readTree(repository, sha);
    await this.#build({
      repository,
      sha,
      dockerfile: 'Dockerfile',
      context: { tree, executables: new Set() },
      signal,
      log: () => {},
    });
  }

  /** The tree of a commit as files, with its executable bits and links; `into` is an empty folder. */
  async checkout(repository: string, sha: string, into: string): Promise<void> {
    await mkdir(into, { recursive: true });
    const index = `${into}.index`;
    try {
      await execa(
        'git',
        [
          '--git-dir',
          this.#options.repositories().path(repository),
          '--work-tree',
          into,
          'checkout',
          '--quiet',
          '--force',
          sha,
          '--',
          '.',
        ],
        {
          env: { GIT_INDEX_FILE: index, GIT_CONFIG_NOSYSTEM: '1' },
          cwd: into,
        },
      );
    } catch (error) {
      throw new DarumaError('NOT_FOUND', `${repository} at ${sha.slice(0, 7)} cannot be checked out`, { cause: error });
    } finally {
      await rm(index, { force: true });
    }
  }

  async #build({
    repository,
    sha,
    dockerfile,
    context,
    signal,
    log,
  }: {
    repository: string;
    sha: string;
    dockerfile: string;
    context: BuildContext;
    signal: AbortSignal;
    log: (line: string) => void;
  }): Promise<BuildResult> {
    const text = context.tree.get(dockerfile);
    if (!text)
      throw new DarumaError('NOT_FOUND', `${repository} has no ${dockerfile}`, {
        hint: 'add one, or name it with `file:` in the workflow',
      });
    const plan = imagePlanFromDockerfile(Buffer.from(text).toString('utf8'));
    const base = await this.#baseFor(plan.from);
    log(`base ${base.name} in place of ${plan.from}`);
    const [commit] = await this.#options.repositories().log(repository, { from: sha, limit: 1 });
    const created = new Date(commit?.date ?? 0);
    const image = await buildImage({
      base,
      files: filesForPlan(plan, context.tree, { executables: context.executables }),
      config: plan.config,
      labels: { ...plan.labels, ...imageLabels({ sha, source: `${GIT_URL}/${repository}.git` }) },
      created,
    });
    const tag = imageTag(sha, created);
    await this.#registry.push(repository, image, { tags: [tag], signal });
    const name = `${REGISTRY_NAME}/${repository}`;
    log(`pushed ${name}:${tag}`);
    log(`digest ${image.digest}`);
    return { image: name, tag, digest: image.digest };
  }

  /** Nothing can be pulled from elsewhere, so every base of Node is this machine's own. */
  #baseFor(from: string): Promise<BaseImage> {
    if (!/^(docker\.io\/)?(library\/)?node(:|@|$)/.test(from)) {
      throw new DarumaError('UNSUPPORTED_FIELD', `the base image ${from} cannot be had without a network`, {
        hint: 'start from an image of node: FROM node:22-slim',
      });
    }
    this.#base ??= this.#options.base === 'host-node' ? hostNodeBase() : assembledBase({ directory: this.#options.cacheDir });
    return this.#base;
  }
}

async function readContext(directory: string): Promise<BuildContext> {
  const tree = new Map<string, Uint8Array>();
  const executables = new Set<string>();
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = relative(directory, path);
      if (entry.isDirectory()) {
        if (name !== '.git') await walk(path);
      } else if (entry.isFile()) {
        tree.set(name, await readFile(path));
        if ((await stat(path)).mode & 0o100) executables.add(name);
      }
    }
  };
  await walk(directory);
  return { tree, executables };
}
