// What was changed behind Git's back: by whom as the object's managed fields tell at once, and the audit trail a little later.
import type { Attribution, Clock, DriftView, EventSink, FieldChange } from '../../core/index.ts';
import type { KubeObject, ManagedFieldsEntry, ResourceInfo } from '../../kube/index.ts';
import type { AuditedWrite, AuditSource } from '../contract.ts';
import { FIELD_MANAGER } from '../diff/index.ts';
import { groupOf, resourceLabel } from '../model/index.ts';

interface Pending {
  drift: DriftView;
  object: KubeObject;
  plural: string;
  versions: Set<string>;
  since: number;
}

const KEPT = 200;
const KEPT_WRITES = 1_000;
/** How long the audit trail is waited for. */
const JOIN_WINDOW_MS = 10_000;

export class DriftLog {
  readonly #events: EventSink;
  readonly #clock: Clock;
  readonly #drifts: DriftView[] = [];
  #writes: AuditedWrite[] = [];
  #pending: Pending[] = [];

  constructor({ events, clock, audit, signal }: { events: EventSink; clock: Clock; audit?: AuditSource; signal: AbortSignal }) {
    this.#events = events;
    this.#clock = clock;
    audit?.follow(write => this.#take(write), { signal });
  }

  /** Newest first; copies. */
  list(): DriftView[] {
    return this.#drifts.map(drift => ({ ...drift }));
  }

  /** Records a drift. `live` is the object as it was found, or as it was deleted. */
  found(options: {
    application: string;
    kind: DriftView['kind'];
    changes: FieldChange[];
    live: KubeObject;
    resource: ResourceInfo | undefined;
    /** Since it was seen. */
    ageMs?: number;
  }): DriftView {
    const { application, kind, changes, live, resource, ageMs = 0 } = options;
    const by = kind === 'deleted' ? undefined : managerOf(live);
    const { namespace } = live.metadata;
    const drift: DriftView = {
      application,
      resource: resourceLabel(live),
      ...(namespace ? { namespace } : {}),
      kind,
      changes,
      ...(by ? { by } : {}),
      seenAt: new Date(this.#clock.now().getTime() - ageMs).toISOString(),
    };
    this.#drifts.unshift(drift);
    this.#drifts.length = Math.min(this.#drifts.length, KEPT);
    const { seenAt: _seenAt, ...data } = drift;
    this.#events.record('gitops.drift.found', data);
    const pending: Pending = {
      drift,
      object: live,
      plural: resource?.plural ?? '',
      versions: new Set([live.metadata.resourceVersion ?? '']),
      since: this.#clock.now().getTime(),
    };
    if (!this.#writes.some(write => this.#join(pending, write))) this.#pending.push(pending);
    return drift;
  }

  healed(drift: DriftView, ms: number): void {
    drift.healedAt = this.#clock.now().toISOString();
    drift.healedMs = ms;
    const { application, resource, namespace } = drift;
    this.#events.record('gitops.drift.healed', { application, resource, ...(namespace ? { namespace } : {}), ms });
  }

  #take(write: AuditedWrite): void {
    const now = this.#clock.now().getTime();
    this.#pending = this.#pending.filter(pending => now - pending.since < JOIN_WINDOW_MS && !this.#join(pending, write));
    this.#writes.push(write);
    if (this.#writes.length > KEPT_WRITES * 1.2) this.#writes = this.#writes.slice(-KEPT_WRITES);
  }

  #join(pending: Pending, write: AuditedWrite): boolean {
    const { drift, object, plural, versions } = pending;
    const { namespace = '', name, uid } = object.metadata;
    const sameObject =
      write.group === groupOf(object.apiVersion) &&
      write.resource === plural &&
      (write.namespace ?? '') === namespace &&
      write.name === name;
    if (!sameObject || (write.uid !== undefined && uid !== undefined && write.uid !== uid)) return false;
    const isDeletion = write.by.verb === 'delete' || write.by.verb === 'deletecollection';
    if ((drift.kind === 'deleted') !== isDeletion) return false;
    if (!isDeletion && write.resourceVersion !== undefined && !versions.has(write.resourceVersion)) return false;
    const manager = drift.by?.manager;
    drift.by = { ...write.by, ...(manager ? { manager } : {}), source: 'audit' };
    const { application, resource } = drift;
    this.#events.record('gitops.drift.attributed', {
      application,
      resource,
      ...(drift.namespace ? { namespace: drift.namespace } : {}),
      by: drift.by,
    });
    return true;
  }
}

/** The manager that wrote last, ours and status writers left out. */
function managerOf(live: KubeObject): Attribution | undefined {
  const others = (live.metadata.managedFields ?? []).filter(
    entry =>
      entry.manager !== FIELD_MANAGER &&
      entry.subresource !== 'status' &&
      entry.manager !== undefined &&
      !/^kube-controller|^kubelet$/.test(entry.manager),
  );
  const time = (entry: ManagedFieldsEntry) => entry.time ?? '';
  const latest = others.reduce<ManagedFieldsEntry | undefined>(
    (best, entry) => (!best || time(entry) >= time(best) ? entry : best),
    undefined,
  );
  if (!latest?.manager) return undefined;
  return { manager: latest.manager, ...(latest.time ? { time: latest.time } : {}), source: 'managedFields' };
}
