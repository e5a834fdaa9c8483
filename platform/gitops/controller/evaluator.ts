// Judges one object: as wanted, different, or perhaps only spelled otherwise. What a dry run has found equal is remembered,
// so that the same spelling is not asked for again.
import type { FieldChange } from '../../core/index.ts';
import type { KubeClient, KubeObject } from '../../kube/index.ts';
import {
  FIELD_MANAGER,
  type ForeignField,
  foreignFields,
  keepingIgnored,
  localChanges,
  maskChanges,
  objectChanges,
  rulesFor,
  withoutIgnored,
} from '../diff/index.ts';
import { type Application, syncOptionsOf } from '../model/index.ts';
import type { DesiredItem } from './desired-set.ts';

export interface Verdict {
  /** `maybe`: a dry run or an apply decides. */
  state: 'equal' | 'different' | 'maybe' | 'missing';
  /** True when an apply is needed; what others added is taken away apart from that. */
  needsApply: boolean;
  /** Masked; as well as known without a dry run while `maybe`. */
  changes: FieldChange[];
  foreign: ForeignField[];
}

export class Evaluator {
  readonly #client: KubeClient;
  readonly #spellings = new Map<string, { hash: string; equal: Set<string> }>();
  readonly #confirmed = new Map<string, { hash: string; version: string; verdict: Verdict }>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** Without a request. */
  judge(application: Application, item: DesiredItem, live: KubeObject | undefined): Verdict {
    if (!live) return { state: 'missing', needsApply: true, changes: [], foreign: [] };
    const rules = rulesFor(application.ignoreDifferences, item.object);
    const desired = withoutIgnored(item.object, rules);
    const lived = withoutIgnored(live, rules);
    const managers = rules.flatMap(rule => rule.managers);
    const foreign =
      application.driftPolicy === 'owned'
        ? []
        : foreignFields(item.object, live, managers).filter(field => !isIgnored(field.pointer, rules));
    const confirmed = this.#confirmed.get(item.key);
    if (confirmed?.hash === item.hash && confirmed.version === versionOf(live)) {
      // Whose a field is changes without a new generation.
      if (confirmed.verdict.foreign.length === foreign.length) return confirmed.verdict;
      this.#confirmed.delete(item.key);
    }
    const spellings = this.#spellings.get(item.key);
    const changes = localChanges(desired, lived).filter(
      change =>
        !(spellings?.hash === item.hash && spellings.equal.has(JSON.stringify(change))) && !isManagedBy(change, live, managers),
    );
    const masked = maskChanges(item.object, [...changes, ...foreign.map(field => field.change)]);
    if (changes.length > 0) return { state: 'maybe', needsApply: true, changes: masked, foreign };
    return { state: foreign.length > 0 ? 'different' : 'equal', needsApply: false, changes: masked, foreign };
  }

  /** Asks the API server when `judge` cannot tell. @throws KubeApiError what an apply would be refused with */
  async confirm(
    application: Application,
    item: DesiredItem,
    live: KubeObject | undefined,
    signal?: AbortSignal,
  ): Promise<Verdict> {
    const verdict = this.judge(application, item, live);
    if (verdict.state !== 'maybe' || !live) return verdict;
    const rules = rulesFor(application.ignoreDifferences, item.object);
    const predicted = await this.#client.apply(toApply(application, item, live), {
      fieldManager: FIELD_MANAGER,
      force: true,
      dryRun: true,
      ...(signal ? { signal } : {}),
    });
    const managers = rules.flatMap(rule => rule.managers);
    const changes = objectChanges(withoutIgnored(predicted, rules), withoutIgnored(live, rules)).filter(
      change => !isManagedBy(change, live, managers),
    );
    if (changes.length === 0) this.rememberEqual(application, item, live);
    const all = maskChanges(item.object, [...changes, ...verdict.foreign.map(field => field.change)]);
    const confirmed: Verdict = {
      state: all.length > 0 ? 'different' : 'equal',
      needsApply: changes.length > 0,
      changes: all,
      foreign: verdict.foreign,
    };
    this.#confirmed.set(item.key, { hash: item.hash, version: versionOf(live), verdict: confirmed });
    return confirmed;
  }

  /** An apply or dry run changed nothing: what differs here is only spelling. */
  rememberEqual(application: Application, item: DesiredItem, live: KubeObject): void {
    const rules = rulesFor(application.ignoreDifferences, item.object);
    const changes = localChanges(withoutIgnored(item.object, rules), withoutIgnored(live, rules));
    this.#spellings.set(item.key, { hash: item.hash, equal: new Set(changes.map(change => JSON.stringify(change))) });
  }

  forget(key: string): void {
    this.#spellings.delete(key);
    this.#confirmed.delete(key);
  }
}

/** What is sent to the API server. */
export function toApply(application: Application, item: DesiredItem, live: KubeObject | undefined): KubeObject {
  if (!syncOptionsOf(item.object, application.syncOptions).respectIgnoreDifferences) return item.object;
  return keepingIgnored(item.object, live, rulesFor(application.ignoreDifferences, item.object));
}

/** Of what a comparison reads: writes to the status alone keep it. */
function versionOf({ metadata }: KubeObject): string {
  const { uid, generation, resourceVersion, labels, annotations } = metadata;
  return generation === undefined ? `${uid} ${resourceVersion}` : `${uid} ${generation} ${JSON.stringify([labels, annotations])}`;
}

function isIgnored(pointer: string, rules: { jsonPointers: string[] }[]): boolean {
  return rules.some(rule => rule.jsonPointers.some(ignored => pointer === ignored || pointer.startsWith(`${ignored}/`)));
}

/** True when one of the managers named in ignoreDifferences owns the field. */
function isManagedBy(change: FieldChange, live: KubeObject, managers: string[]): boolean {
  if (managers.length === 0) return false;
  const steps = change.path.split(/\.|\[/).map(step => step.replace(/\]$/, ''));
  return (live.metadata.managedFields ?? [])
    .filter(entry => managers.includes(entry.manager ?? ''))
    .some(entry => {
      let fields: unknown = entry.fieldsV1;
      for (const step of steps) {
        if (typeof fields !== 'object' || fields === null) return false;
        const inner = fields as Record<string, unknown>;
        const [key, value] = step.split('=');
        fields = inner[`f:${step}`] ?? (value === undefined ? undefined : inner[`k:${JSON.stringify({ [key ?? '']: value })}`]);
        if (fields === undefined) return false;
      }
      return true;
    });
}
