// Events, served by two API groups with different names for the same fields; they are stored as core v1.
import type { CoreV1Event, EventsV1Event } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { IMMUTABLE, invalid, required } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { qualifiedName } from '../meta/names.ts';
import { type Loose, metaOf, sameValue } from '../objects.ts';
import type { KindObject } from '../strategy.ts';
import { nameOf, since } from '../tables/cells.ts';

type CoreEvent = Loose<CoreV1Event>;
type NewEvent = Loose<EventsV1Event>;

/** [field in events.k8s.io/v1, field in v1]. */
const RENAMED = [
  ['deprecatedCount', 'count'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedSource', 'source'],
  ['note', 'message'],
  ['regarding', 'involvedObject'],
  ['reportingController', 'reportingComponent'],
] as const;

// Times that are always written, and names that only one of the two versions leaves out when empty.
function shapeAsCore(event: KindObject): void {
  for (const key of ['eventTime', 'firstTimestamp', 'lastTimestamp']) event[key] ??= null;
  for (const key of ['reportingComponent', 'reportingInstance']) event[key] ??= '';
  event['involvedObject'] ??= {};
  event['source'] ??= {};
}

function shapeAsNew(event: KindObject): void {
  for (const key of ['eventTime', 'deprecatedFirstTimestamp', 'deprecatedLastTimestamp']) event[key] ??= null;
  for (const key of ['reportingController', 'reportingInstance', 'note', 'type', 'reason', 'action'])
    if (event[key] === '') delete event[key];
  event['regarding'] ??= {};
  event['deprecatedSource'] ??= {};
}

function rename(event: KindObject, apiVersion: string, from: 0 | 1): KindObject {
  const names = new Map<string, string>(RENAMED.map(pair => [pair[from], pair[from === 0 ? 1 : 0]]));
  const out: KindObject = { apiVersion, kind: 'Event', metadata: event.metadata };
  for (const [key, value] of Object.entries(event))
    if (key !== 'apiVersion' && key !== 'kind') out[names.get(key) ?? key] = value;
  if (from === 0) shapeAsCore(out);
  else shapeAsNew(out);
  return out;
}

const namespaceMatches = (event: CoreEvent): FieldError[] => {
  const own = metaOf(event).namespace ?? '';
  const theirs = event.involvedObject?.namespace ?? '';
  // Events about cluster-wide objects live in the default namespace.
  const fits = theirs === '' ? own === 'default' || own === 'kube-system' : theirs === own;
  return fits ? [] : [invalid('involvedObject.namespace', theirs, 'does not match event.namespace')];
};

/** The strict rules of events that carry an eventTime or come by the newer API. */
function validateNewEvent(event: CoreEvent): FieldError[] {
  const errors: FieldError[] = [];
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  if (!event.eventTime) errors.push(required('eventTime'));
  if (event.type !== 'Normal' && event.type !== 'Warning')
    errors.push(invalid('type', '', `has invalid value: ${event.type ?? ''}`));
  if (!event.eventTime) return errors;
  if (!reportingComponent) errors.push(required('reportingController'));
  errors.push(
    ...(reportingComponent ? qualifiedName(reportingComponent) : []).map(text =>
      invalid('reportingController', reportingComponent, text),
    ),
  );
  if (!reportingInstance) errors.push(required('reportingInstance'));
  if (reportingInstance.length > 128) errors.push(invalid('reportingInstance', '', 'can have at most 128 characters'));
  if (!action) errors.push(required('action'));
  if (action.length > 128) errors.push(invalid('action', '', 'can have at most 128 characters'));
  if (!reason) errors.push(required('reason'));
  if (reason.length > 128) errors.push(invalid('reason', '', 'can have at most 128 characters'));
  if (message.length > 1024) errors.push(invalid('message', '', 'can have at most 1024 characters'));
  return errors;
}

const NEW_IMMUTABLE = ['involvedObject', 'reason', 'message', 'type', 'action', 'related', 'source', 'eventTime'] as const;

function validateNewUpdate(next: CoreEvent, previous: CoreEvent): FieldError[] {
  return NEW_IMMUTABLE.filter(key => !sameValue(next[key], previous[key])).map(key => invalid(key, next[key] ?? null, IMMUTABLE));
}

const lastSeen = (event: CoreEvent): string | null | undefined =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp;
const firstSeen = (event: CoreEvent): string | null | undefined => event.firstTimestamp ?? event.eventTime;

function subobject(event: CoreEvent): string {
  return event.involvedObject?.fieldPath ?? '';
}

function source(event: CoreEvent): string {
  const { component, host } = event.source ?? {};
  const name = component || event.reportingComponent || '';
  const instance = host || event.reportingInstance || '';
  return instance ? `${name}, ${instance}` : name;
}

function eventCells(event: CoreEvent, now: Date): unknown[] {
  const { kind = '', name = '' } = event.involvedObject ?? {};
  return [
    since(lastSeen(event), now),
    event.type ?? '',
    event.reason ?? '',
    name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase(),
    subobject(event),
    source(event),
    (event.message ?? '').trim(),
    since(firstSeen(event), now),
    event.series?.count ?? event.count ?? 1,
    nameOf(event),
  ];
}

function eventFields(event: CoreEvent): Record<string, string> {
  const object = event.involvedObject ?? {};
  const regarding = (prefix: string): [string, string][] =>
    (['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const).map(key => [
      `${prefix}.${key}`,
      object[key] ?? '',
    ]);
  return {
    ...Object.fromEntries(regarding('involvedObject')),
    reason: event.reason ?? '',
    reportingComponent: event.reportingComponent || event.source?.component || '',
    source: event.source?.component || event.reportingComponent || '',
    type: event.type ?? '',
  };
}

export const coreEventRules: KindRules = rulesFor<CoreEvent>({
  defaults: event => shapeAsCore(event as unknown as KindObject),
  allowCreateOnUpdate: true,
  validate: namespaceMatches,
  cells: eventCells,
  selectableFields: eventFields,
});

const asCore = (event: NewEvent): CoreEvent => rename(event as unknown as KindObject, 'v1', 0) as unknown as CoreEvent;

export const newEventRules: KindRules = rulesFor<NewEvent>({
  defaults: event => shapeAsNew(event as unknown as KindObject),
  allowCreateOnUpdate: true,
  validate: event => [...namespaceMatches(asCore(event)), ...validateNewEvent(asCore(event))],
  validateUpdate: (next, previous) => [
    ...namespaceMatches(asCore(next)),
    ...validateNewEvent(asCore(next)),
    ...(asCore(previous).eventTime ? validateNewUpdate(asCore(next), asCore(previous)) : []),
  ],
  cells: (event, now) => eventCells(asCore(event), now),
  selectableFields(event) {
    const fields = eventFields(asCore(event));
    const out: Record<string, string> = {
      reason: fields['reason'] ?? '',
      type: fields['type'] ?? '',
      reportingController: fields['reportingComponent'] ?? '',
    };
    for (const [key, value] of Object.entries(fields))
      if (key.startsWith('involvedObject.')) out[key.replace('involvedObject.', 'regarding.')] = value;
    return out;
  },
  stored: {
    group: '',
    version: 'v1',
    resource: 'events',
    to: event => rename(event as unknown as KindObject, 'v1', 0),
    from: event => rename(event, 'events.k8s.io/v1', 1) as unknown as NewEvent,
  },
});
