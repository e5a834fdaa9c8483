// Pulling, pushing and deleting manifests and tags, and the lists of tags, referrers and repositories (OCI distribution 1.1).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { digestOf } from './blob-files.ts';
import { describeManifest, parseManifest } from './manifest-document.ts';
import { OciError } from './oci-error.ts';
import type { RegistryCall, RegistryParts } from './registry-call.ts';
import { isDigest } from './registry-routes.ts';
import { compareBytes } from './repository-content.ts';

const MANIFEST_LIMIT_BYTES = 4 << 20;
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

type ManifestCall = RegistryCall & { repository: string; reference: string };

export async function serveManifest(parts: RegistryParts, call: ManifestCall): Promise<void> {
  if (call.request.method === 'PUT') return putManifest(parts, call);
  if (call.request.method === 'DELETE') return deleteManifest(parts, call);
  const { repository, reference, request, response } = call;
  const manifest = await parts.content.manifest(repository, reference);
  if (!manifest) throw unknownManifest(reference);
  const { mediaType, digest, bytes } = manifest;
  response.writeHead(200, {
    'content-type': mediaType,
    'content-length': bytes.length,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

async function putManifest(parts: RegistryParts, call: ManifestCall): Promise<void> {
  const { repository, reference, request, response, user } = call;
  const { content } = parts;
  const bytes = await readBody(request);
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const document = parseManifest(bytes, mediaType);
  const byDigest = isDigest(reference);
  const digest = digestOf(bytes, byDigest ? reference.split(':')[0] : 'sha256');
  if (byDigest && digest !== reference)
    throw new OciError('DIGEST_INVALID', 'the manifest has another digest', { detail: { digest } });
  await parts.afterGarbage();
  for (const blob of document.blobs) {
    if ((await content.blobSize(repository, blob)) === undefined) throw missing(blob, 'blob');
  }
  for (const manifest of document.manifests) {
    if (!(await content.hasManifest(repository, manifest))) throw missing(manifest, 'manifest');
  }
  const stored = { mediaType, digest, bytes };
  if (document.subject) await content.addReferrer(repository, document.subject, describeManifest(stored, document));
  await content.putManifest(repository, stored, byDigest ? undefined : reference);
  await parts.pushed({ repository, reference, digest, mediaType, user });
  response.writeHead(201, {
    location: `/v2/${repository}/manifests/${digest}`,
    'docker-content-digest': digest,
    'content-length': 0,
    ...(document.subject ? { 'oci-subject': document.subject } : {}),
  });
  response.end();
}

async function deleteManifest({ content }: RegistryParts, { repository, reference, response }: ManifestCall): Promise<void> {
  if (!isDigest(reference)) {
    if (!(await content.deleteTag(repository, reference))) throw unknownManifest(reference);
  } else {
    const manifest = await content.manifest(repository, reference);
    if (!manifest) throw unknownManifest(reference);
    await content.deleteManifest(repository, reference, parseManifest(manifest.bytes, manifest.mediaType).subject);
  }
  response.writeHead(202, { 'content-length': 0 }).end();
}

function unknownManifest(reference: string): OciError {
  return new OciError('MANIFEST_UNKNOWN', 'this manifest is not known to the repository', { detail: { reference } });
}

function missing(digest: string, what: string): OciError {
  return new OciError('MANIFEST_BLOB_UNKNOWN', `the manifest names a ${what} that was not pushed to this repository`, {
    detail: { digest },
  });
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MANIFEST_LIMIT_BYTES) chunks.push(chunk);
  }
  if (size > MANIFEST_LIMIT_BYTES) throw new OciError('SIZE_INVALID', 'a manifest has at most 4 MiB', { status: 413 });
  return Buffer.concat(chunks);
}

export async function serveTags({ content }: RegistryParts, call: RegistryCall & { repository: string }): Promise<void> {
  const { repository } = call;
  if (!(await content.exists(repository))) throw new OciError('NAME_UNKNOWN', 'there is no such repository');
  const { names, link } = page(await content.tags(repository), call.query, `/v2/${repository}/tags/list`);
  sendJson(call.response, { name: repository, tags: names }, link);
}

export async function serveCatalog({ content }: RegistryParts, call: RegistryCall): Promise<void> {
  const visible: string[] = [];
  for (const repository of await content.list()) if (await call.mayPull(repository)) visible.push(repository);
  const { names, link } = page(visible, call.query, '/v2/_catalog');
  sendJson(call.response, { repositories: names }, link);
}

export async function serveReferrers(
  { content }: RegistryParts,
  { repository, digest, query, response }: RegistryCall & { repository: string; digest: string },
): Promise<void> {
  const wanted = query.get('artifactType');
  const all = await content.referrers(repository, digest);
  const manifests = wanted ? all.filter(({ artifactType }) => artifactType === wanted) : all;
  const headers: Record<string, string> = {
    'content-type': INDEX_TYPE,
    ...(wanted ? { 'oci-filters-applied': 'artifactType' } : {}),
  };
  sendJson(response, { schemaVersion: 2, mediaType: INDEX_TYPE, manifests }, headers);
}

/** `n` names after `last`, in the order of bytes, with a link to the next page when there is one. */
function page(all: string[], query: URLSearchParams, path: string): { names: string[]; link: Record<string, string> } {
  const [last, n] = [query.get('last'), query.get('n')];
  if (n !== null && !/^\d{1,9}$/.test(n)) throw new OciError('UNSUPPORTED', 'n is not a number', { status: 400 });
  const after = last === null ? all : all.filter(name => compareBytes(name, last) > 0);
  const limit = n === null ? after.length : Number(n);
  const names = after.slice(0, limit);
  const next = names.at(-1);
  if (next === undefined || names.length === after.length) return { names, link: {} };
  return { names, link: { link: `<${path}?n=${limit}&last=${encodeURIComponent(next)}>; rel="next"` } };
}

function sendJson(response: ServerResponse, value: unknown, headers: Record<string, string>): void {
  const body = JSON.stringify(value);
  response
    .writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers })
    .end(body);
}
