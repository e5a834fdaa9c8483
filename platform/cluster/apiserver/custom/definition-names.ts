// Whether the names of a definition are free in its group, and the conditions that say so (the naming controller's rules).

export interface Names {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export interface DefinitionStatus {
  acceptedNames?: Names;
  conditions?: Condition[] | null;
  storedVersions?: string[];
}

export interface Definition {
  metadata: { name: string; deletionTimestamp?: string };
  spec: {
    group: string;
    scope: string;
    names: Names;
    versions: { name: string; served: boolean; storage: boolean; schema?: { openAPIV3Schema?: Record<string, unknown> } }[];
  };
  status?: DefinitionStatus;
}

export function isTrue(conditions: readonly Condition[] | null | undefined, type: string): boolean {
  return conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false;
}

function withCondition(conditions: readonly Condition[], next: Omit<Condition, 'lastTransitionTime'>, now: string): Condition[] {
  const before = conditions.find(condition => condition.type === next.type);
  const lastTransitionTime = before?.status === next.status && before.lastTransitionTime ? before.lastTransitionTime : now;
  const condition = { ...next, lastTransitionTime };
  return before ? conditions.map(other => (other === before ? condition : other)) : [...conditions, condition];
}

/** What is in use by the accepted names of other definitions of the group. */
function taken(others: readonly Definition[]): { resources: Set<string>; kinds: Set<string> } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { status } of others) {
    const names = status?.acceptedNames;
    if (!names?.plural) continue;
    for (const name of [names.plural, names.singular, ...(names.shortNames ?? [])]) if (name) resources.add(name);
    for (const kind of [names.kind, names.listKind]) if (kind) kinds.add(kind);
  }
  return { resources, kinds };
}

/** The status that a definition is to have: accepted names, NamesAccepted, Established, stored versions. */
export function acceptNames({ spec, status = {} }: Definition, others: readonly Definition[], now: string): DefinitionStatus {
  const { resources, kinds } = taken(others);
  const { names } = spec;
  const accepted: Names = { ...(status.acceptedNames?.plural ? status.acceptedNames : { plural: '', kind: '' }) };
  let conflict: { reason: string; message: string } | undefined;
  const take = <K extends keyof Names>(key: K, used: boolean, reason: string, shown: string) => {
    if (used) conflict = { reason, message: `${JSON.stringify(shown)} is already in use` };
    else if (names[key] === undefined) delete accepted[key];
    else accepted[key] = names[key];
  };
  take('plural', resources.has(names.plural), 'PluralConflict', names.plural);
  take('singular', resources.has(names.singular ?? ''), 'SingularConflict', names.singular ?? '');
  const short = (names.shortNames ?? []).find(name => resources.has(name));
  take('shortNames', short !== undefined, 'ShortNamesConflict', short ?? '');
  take('kind', kinds.has(names.kind), 'KindConflict', names.kind);
  take('listKind', kinds.has(names.listKind ?? ''), 'ListKindConflict', names.listKind ?? '');
  if (names.categories) accepted.categories = names.categories;
  let conditions: Condition[] = [...(status.conditions ?? [])];
  conditions = withCondition(
    conditions,
    conflict
      ? { type: 'NamesAccepted', status: 'False', ...conflict }
      : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    now,
  );
  if (!isTrue(conditions, 'Established')) {
    conditions = withCondition(
      conditions,
      conflict
        ? { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
        : {
            type: 'Established',
            status: 'True',
            reason: 'InitialNamesAccepted',
            message: 'the initial names have been accepted',
          },
      now,
    );
  }
  const storage = spec.versions.find(version => version.storage)?.name;
  const stored = status.storedVersions ?? [];
  const storedVersions = storage && !stored.includes(storage) ? [...stored, storage] : stored;
  return { acceptedNames: accepted, conditions, storedVersions };
}
