// How images of a commit are named and labelled.

/** `<git sha>-<UTC yyyymmddhhmmss of the commit>`. */
export function imageTag(sha: string, committedAt: Date): string {
  return `${sha}-${committedAt.toISOString().replace(/\D/g, '').slice(0, 14)}`;
}

/** The labels of the OCI image specification that say where an image comes from. `created` is set by `buildImage`. */
export function imageLabels({ sha, source, version }: { sha: string; source: string; version?: string }): Record<string, string> {
  return {
    'org.opencontainers.image.revision': sha,
    'org.opencontainers.image.source': source,
    ...(version ? { 'org.opencontainers.image.version': version } : {}),
  };
}
