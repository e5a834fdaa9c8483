// The routes of OCI distribution 1.1, and which names, tags and digests there can be: the one gate before a name becomes a path.
import { OciError } from './oci-error.ts';

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
const UPLOAD = /^[0-9a-f-]{36}$/;

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

export function isRepositoryName(text: string): boolean {
  return text.length <= 255 && NAME.test(text);
}

export type RegistryRoute =
  | { kind: 'base' }
  | { kind: 'catalog' }
  | { kind: 'blob'; repository: string; digest: string }
  | { kind: 'uploads'; repository: string }
  | { kind: 'upload'; repository: string; id: string }
  | { kind: 'manifest'; repository: string; reference: string }
  | { kind: 'tags'; repository: string }
  | { kind: 'referrers'; repository: string; digest: string };

/** The methods of each route; others are answered with 405 and the list. */
export const ROUTE_METHODS: Record<RegistryRoute['kind'], string[]> = {
  base: ['GET', 'HEAD'],
  catalog: ['GET'],
  blob: ['GET', 'HEAD', 'DELETE'],
  uploads: ['POST'],
  upload: ['GET', 'PATCH', 'PUT', 'DELETE'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  tags: ['GET'],
  referrers: ['GET'],
};

/** @throws OciError for what is no route, no name, no digest or no tag. */
export function registryRoute(path: string, method: string): RegistryRoute {
  if (path === '/v2/' || path === '/v2') return { kind: 'base' };
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const [, repository, rest] =
    /^\/v2\/(.+?)\/((?:blobs|manifests|referrers)\/[^/]+|tags\/list|blobs\/uploads\/[^/]*)$/.exec(path) ?? [];
  if (repository === undefined || rest === undefined) throw new OciError('NAME_UNKNOWN', 'there is nothing at this path');
  if (!isRepositoryName(repository)) throw new OciError('NAME_INVALID', 'this cannot be the name of a repository');
  if (rest === 'tags/list') return { kind: 'tags', repository };
  if (rest === 'blobs/uploads' || rest === 'blobs/uploads/') return { kind: 'uploads', repository };
  const last = rest.slice(rest.lastIndexOf('/') + 1);
  if (rest.startsWith('blobs/uploads/')) {
    if (!UPLOAD.test(last)) throw new OciError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload');
    return { kind: 'upload', repository, id: last };
  }
  if (rest.startsWith('manifests/')) {
    if (!isDigest(last) && last.includes(':')) throw new OciError('DIGEST_INVALID', 'this is not a digest');
    if (!isDigest(last) && !TAG.test(last)) {
      throw new OciError(method === 'PUT' ? 'MANIFEST_INVALID' : 'MANIFEST_UNKNOWN', 'this cannot be a tag');
    }
    return { kind: 'manifest', repository, reference: last };
  }
  if (!isDigest(last)) throw new OciError('DIGEST_INVALID', 'this is not a digest');
  return { kind: rest.startsWith('blobs/') ? 'blob' : 'referrers', repository, digest: last };
}
