// The audit trail: one entry for each finished request that could change something, told to followers as it happens.

export interface AuditEntry {
  /** Echoed to the client as Audit-Id. */
  auditId: string;
  time: Date;
  /** Who asked, after impersonation. */
  user: string;
  groups: readonly string[];
  /** Who was authenticated, when that is someone else. */
  impersonatedBy?: string;
  verb: string;
  /** '' for core; absent for paths that are no resources. */
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  /** Of the object after the write; absent for deletions, dry runs, Secrets and failures. */
  resourceVersion?: string;
  dryRun?: boolean;
  /** What admission policies had to say. */
  annotations?: Readonly<Record<string, string>>;
  code: number;
  sourceAddress: string;
  userAgent: string;
}

/** Who wrote, as the GitOps engine's attribution wants it. */
export interface AuditedWrite {
  group: string;
  resource: string;
  namespace?: string;
  name: string;
  uid?: string;
  resourceVersion?: string;
  by: { user: string; client: string; sourceAddress: string; verb: string; time: string };
}

/** Hands entries to followers. Entries are not kept; a follower that throws is not called again. */
export class AuditLog {
  readonly #followers = new Set<(entry: AuditEntry) => void>();

  record(entry: AuditEntry): void {
    for (const follower of this.#followers) {
      try {
        follower(entry);
      } catch {
        this.#followers.delete(follower);
      }
    }
  }

  /** Calls `listener` with every later entry until the signal aborts. */
  followEntries(listener: (entry: AuditEntry) => void, { signal }: { signal: AbortSignal }): void {
    if (signal.aborted) return;
    this.#followers.add(listener);
    signal.addEventListener('abort', () => this.#followers.delete(listener), { once: true });
  }

  /** Calls `listener` with every later successful write to an object until the signal aborts. */
  follow(listener: (write: AuditedWrite) => void, { signal }: { signal: AbortSignal }): void {
    const writes = new Set(['create', 'update', 'patch', 'delete']);
    this.followEntries(
      entry => {
        if (!writes.has(entry.verb) || entry.code >= 300 || entry.dryRun || !entry.resource || !entry.name) return;
        listener({
          group: entry.group ?? '',
          resource: entry.resource,
          name: entry.name,
          ...(entry.namespace ? { namespace: entry.namespace } : {}),
          ...(entry.uid ? { uid: entry.uid } : {}),
          ...(entry.resourceVersion ? { resourceVersion: entry.resourceVersion } : {}),
          by: {
            user: entry.user,
            client: entry.userAgent,
            sourceAddress: entry.sourceAddress,
            verb: entry.verb,
            time: entry.time.toISOString(),
          },
        });
      },
      { signal },
    );
  }
}
