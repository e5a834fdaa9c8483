// Pulling, pushing, mounting and deleting blobs (OCI distribution 1.1, "Pulling blobs", "Pushing blobs").
import { pipeline } from 'node:stream/promises';
import { OciError } from './oci-error.ts';
import type { RegistryCall, RegistryParts } from './registry-call.ts';
import { isDigest, isRepositoryName } from './registry-routes.ts';
import type { Upload } from './uploads.ts';

type BlobCall = RegistryCall & { repository: string };

export async function serveBlob(parts: RegistryParts, call: BlobCall & { digest: string }): Promise<void> {
  const { repository, digest, request, response } = call;
  const size = await parts.content.blobSize(repository, digest);
  if (size === undefined) throw new OciError('BLOB_UNKNOWN', 'this blob is not known to the repository', { detail: { digest } });
  if (request.method === 'DELETE') {
    await parts.content.unlinkBlob(repository, digest);
    response.writeHead(202, { 'content-length': 0 }).end();
    return;
  }
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
  };
  const range = request.method === 'GET' ? requestedRange(request.headers.range, size) : undefined;
  if (range) {
    const length = range.end - range.start + 1;
    const contentRange = `bytes ${range.start}-${range.end}/${size}`;
    response.writeHead(206, { ...headers, 'content-length': length, 'content-range': contentRange });
  } else response.writeHead(200, { ...headers, 'content-length': size });
  if (request.method === 'HEAD' || size === 0) response.end();
  else await pipeline(parts.blobs.stream(digest, range), response);
}

/** One byte range; several, or another unit, are answered with the whole. @throws OciError when it is outside the blob */
function requestedRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const suffix = match[1] === '';
  const start = suffix ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = suffix || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (start > end || start >= size) {
    const headers = { 'content-range': `bytes */${size}` };
    throw new OciError('SIZE_INVALID', 'the range is outside the blob', { status: 416, headers });
  }
  return { start, end };
}

/** POST: starts an upload, takes a whole blob, or mounts one of another repository. */
export async function startUpload(parts: RegistryParts, call: BlobCall): Promise<void> {
  const { repository, query } = call;
  const [mount, from, digest] = [query.get('mount'), query.get('from'), query.get('digest')];
  if (mount !== null) {
    if (!isDigest(mount)) throw new OciError('DIGEST_INVALID', 'the mount parameter is not a digest');
    if (from !== null && isRepositoryName(from) && (await call.mayPull(from))) {
      if ((await parts.content.blobSize(from, mount)) !== undefined) {
        await parts.content.linkBlob(repository, mount);
        return created(call, mount);
      }
    }
  }
  if (digest !== null && !isDigest(digest)) throw new OciError('DIGEST_INVALID', 'the digest parameter is not a digest');
  const upload = await parts.uploads.start(repository);
  if (digest === null) return progress(call, upload, 202);
  await finishUpload(parts, call, { upload, digest });
}

/** GET, PATCH, PUT and DELETE of an upload. */
export async function serveUpload(parts: RegistryParts, call: BlobCall & { id: string }): Promise<void> {
  const { repository, id, request, response, query } = call;
  const upload = parts.uploads.get(repository, id);
  switch (request.method) {
    case 'GET':
      return progress(call, upload, 204);
    case 'DELETE':
      await parts.uploads.cancel(upload);
      response.writeHead(204).end();
      return;
    case 'PATCH':
      checkOrder(call, upload);
      await upload.append(request);
      return progress(call, upload, 202);
    default: {
      const digest = query.get('digest');
      if (digest === null || !isDigest(digest)) throw new OciError('DIGEST_INVALID', 'the digest parameter is not a digest');
      checkOrder(call, upload);
      return finishUpload(parts, call, { upload, digest });
    }
  }
}

async function finishUpload(
  parts: RegistryParts,
  call: BlobCall,
  { upload, digest }: { upload: Upload; digest: string },
): Promise<void> {
  await upload.append(call.request);
  await parts.afterGarbage();
  await parts.uploads.commit(upload, { digest, blobs: parts.blobs });
  await parts.content.linkBlob(call.repository, digest);
  created(call, digest);
}

/** A chunk that says where it belongs must belong at the end of what is there. */
function checkOrder({ request, repository }: BlobCall, upload: Upload): void {
  const header = request.headers['content-range'];
  if (header === undefined) return;
  const match = /^(?:bytes )?(\d+)-(\d+)(?:\/.*)?$/.exec(header);
  const length = request.headers['content-length'];
  const wrongLength = match && length !== undefined && Number(match[2]) - Number(match[1]) + 1 !== Number(length);
  if (match && Number(match[1]) === upload.sizeBytes && !wrongLength) return;
  throw new OciError('BLOB_UPLOAD_INVALID', `the next chunk starts at byte ${upload.sizeBytes}`, {
    status: 416,
    headers: progressHeaders(repository, upload),
  });
}

function progressHeaders(repository: string, upload: Upload): Record<string, string> {
  return {
    location: `/v2/${repository}/blobs/uploads/${upload.id}`,
    range: `0-${Math.max(0, upload.sizeBytes - 1)}`,
    'docker-upload-uuid': upload.id,
  };
}

function progress({ response, repository }: BlobCall, upload: Upload, status: number): void {
  const length = status === 204 ? {} : { 'content-length': '0' };
  response.writeHead(status, { ...progressHeaders(repository, upload), ...length }).end();
}

function created({ response, repository }: BlobCall, digest: string): void {
  const location = `/v2/${repository}/blobs/${digest}`;
  response.writeHead(201, { location, 'docker-content-digest': digest, 'content-length': 0 }).end();
}
