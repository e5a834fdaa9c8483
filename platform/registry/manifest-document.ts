// Reads what a pushed manifest says: image, index or artifact, of OCI or of Docker.
import { OciError } from './oci-error.ts';
import { isDigest } from './registry-routes.ts';
import type { ManifestDescriptor, StoredManifest } from './repository-content.ts';

const INDEXES = new Set(['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']);
const IMAGES = new Set([
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.artifact.manifest.v1+json',
]);

export interface ManifestDocument {
  /** Blobs that must be there: configuration, layers, blobs. */
  blobs: string[];
  /** Manifests that an index names. */
  manifests: string[];
  subject?: string;
  artifactType?: string;
  annotations?: Record<string, string>;
}

type Json = Record<string, unknown>;

/** @throws OciError when it is not what its media type says. */
export function parseManifest(bytes: Uint8Array, mediaType: string): ManifestDocument {
  let document: Json;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8')) as Json;
  } catch {
    throw new OciError('MANIFEST_INVALID', 'the manifest is not JSON');
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new OciError('MANIFEST_INVALID', 'the manifest is not a JSON object');
  }
  if (!INDEXES.has(mediaType) && !IMAGES.has(mediaType)) {
    throw new OciError('MANIFEST_INVALID', `the media type ${mediaType.slice(0, 100)} is not one of a manifest`);
  }
  if (document['mediaType'] !== undefined && document['mediaType'] !== mediaType) {
    throw new OciError('MANIFEST_INVALID', 'the Content-Type is not the mediaType of the manifest');
  }
  const index = INDEXES.has(mediaType);
  const config = index || document['config'] === undefined ? undefined : descriptor(document['config'], 'config');
  const layers = index ? [] : [...descriptors(document, 'layers'), ...descriptors(document, 'blobs')];
  const subject = document['subject'] === undefined ? undefined : descriptor(document['subject'], 'subject').digest;
  const artifactType = typeof document['artifactType'] === 'string' ? document['artifactType'] : config?.mediaType;
  return {
    blobs: [...(config ? [config] : []), ...layers.filter(layer => !layer.foreign)].map(({ digest }) => digest),
    manifests: index ? descriptors(document, 'manifests').map(({ digest }) => digest) : [],
    ...(subject === undefined ? {} : { subject }),
    ...(artifactType === undefined || artifactType === '' ? {} : { artifactType }),
    ...(isStrings(document['annotations']) ? { annotations: document['annotations'] } : {}),
  };
}

/** What an index of referrers says of it. */
export function describeManifest({ mediaType, digest, bytes }: StoredManifest, document: ManifestDocument): ManifestDescriptor {
  const { artifactType, annotations } = document;
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(artifactType ? { artifactType } : {}),
    ...(annotations ? { annotations } : {}),
  };
}

function descriptors(document: Json, field: string) {
  const list = document[field] ?? [];
  if (!Array.isArray(list)) throw new OciError('MANIFEST_INVALID', `${field} is not a list`);
  return list.map((entry, at) => descriptor(entry, `${field}[${at}]`));
}

function descriptor(value: unknown, field: string): { digest: string; mediaType: string; foreign: boolean } {
  const { digest, mediaType, urls } = (typeof value === 'object' && value !== null ? value : {}) as Json;
  if (typeof digest !== 'string' || !isDigest(digest)) throw new OciError('MANIFEST_INVALID', `${field} has no valid digest`);
  return { digest, mediaType: typeof mediaType === 'string' ? mediaType : '', foreign: Array.isArray(urls) && urls.length > 0 };
}

function isStrings(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every(entry => typeof entry === 'string');
}
