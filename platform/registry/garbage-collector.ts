// Finds what nothing reaches any more: links of a repository that none of its manifests names, then blobs without a link.
import type { BlobFiles } from './blob-files.ts';
import { parseManifest } from './manifest-document.ts';
import type { RepositoryContent } from './repository-content.ts';
import type { GarbageReport } from './types.ts';

interface CollectOptions {
  content: RepositoryContent;
  blobs: BlobFiles;
  graceMs: number;
  removeUntagged: boolean;
}

/** The caller sees to it that nothing becomes reachable meanwhile. What is younger than the grace stays. */
export async function collectGarbage({ content, blobs, graceMs, removeUntagged }: CollectOptions): Promise<GarbageReport> {
  const report: GarbageReport = { blobs: 0, bytes: 0, manifests: 0 };
  const old = (time: Date): boolean => Date.now() - time.getTime() >= graceMs;
  const used = new Set<string>();
  for (const repository of await content.list()) {
    const manifests = await content.links(repository, '_manifests');
    const kept = removeUntagged ? await reachable(content, repository, manifests.keys()) : new Set(manifests.keys());
    for (const [digest, time] of manifests) {
      if (kept.has(digest)) continue;
      if (!old(time)) {
        kept.add(digest);
        continue;
      }
      const manifest = await content.manifest(repository, digest);
      const subject = manifest && parseManifest(manifest.bytes, manifest.mediaType).subject;
      await content.deleteManifest(repository, digest, subject);
      report.manifests++;
    }
    const named = new Set<string>();
    for (const digest of kept) {
      used.add(digest);
      const manifest = await content.manifest(repository, digest);
      if (manifest) for (const blob of parseManifest(manifest.bytes, manifest.mediaType).blobs) named.add(blob);
    }
    for (const [digest, time] of await content.links(repository, '_blobs')) {
      if (named.has(digest) || !old(time)) used.add(digest);
      else await content.unlinkBlob(repository, digest);
    }
  }
  for await (const { digest, sizeBytes, writtenAt } of blobs.list()) {
    if (used.has(digest) || !old(writtenAt)) continue;
    await blobs.remove(digest);
    report.blobs++;
    report.bytes += sizeBytes;
  }
  return report;
}

/** What tags name, what those indexes name, and what refers to any of them. */
async function reachable(content: RepositoryContent, repository: string, all: Iterable<string>): Promise<Set<string>> {
  const children = new Map<string, string[]>();
  for (const digest of all) {
    const manifest = await content.manifest(repository, digest);
    if (!manifest) continue;
    const document = parseManifest(manifest.bytes, manifest.mediaType);
    children.set(digest, [...(children.get(digest) ?? []), ...document.manifests]);
    if (document.subject) children.set(document.subject, [...(children.get(document.subject) ?? []), digest]);
  }
  const tags = await content.tags(repository);
  const queue = (await Promise.all(tags.map(tag => content.tagged(repository, tag)))).filter(digest => digest !== undefined);
  const found = new Set<string>();
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    if (found.has(digest)) continue;
    found.add(digest);
    queue.push(...(children.get(digest) ?? []));
  }
  return found;
}
