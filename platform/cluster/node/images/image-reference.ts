// Image names as people write them, taken apart as container runtimes do.
import { DarumaError } from '../../../core/index.ts';

export interface ImageReference {
  registry: string;
  repository: string;
  tag?: string;
  digest?: string;
  /** The full name: docker.io/library/nginx:latest */
  name: string;
}

const REPOSITORY = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const REGISTRY = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** @throws DarumaError IMAGE_INVALID */
export function parseImageReference(image: string): ImageReference {
  const invalid = () => new DarumaError('IMAGE_INVALID', `couldn't parse image name "${image}": invalid reference format`);
  const [named = '', digest, more] = image.split('@');
  const slash = named.indexOf('/');
  const first = slash > 0 ? named.slice(0, slash) : '';
  const hasRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  const registry = hasRegistry ? first : 'docker.io';
  const rest = hasRegistry ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(':');
  const path = colon > 0 ? rest.slice(0, colon) : rest;
  const tag = colon > 0 ? rest.slice(colon + 1) : digest ? undefined : 'latest';
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (more !== undefined || !REGISTRY.test(registry) || !REPOSITORY.test(repository)) throw invalid();
  if ((tag !== undefined && !TAG.test(tag)) || (digest !== undefined && !DIGEST.test(digest))) throw invalid();
  return {
    registry,
    repository,
    ...(tag ? { tag } : {}),
    ...(digest ? { digest } : {}),
    name: `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`,
  };
}
