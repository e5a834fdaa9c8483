// The content of the full-screen views, as lines.
import type { ApplicationView, DriftView, HistoryView, ObjectDiffView, ResourceView } from '../../platform/api/index.ts';
import { ageOf, instantOf } from '../model/age.ts';
import { keyMap } from '../model/key-map.ts';
import { shortKind, shortValue } from '../model/short.ts';
import type { Line } from './LinesView.tsx';

export function applicationLines(app: ApplicationView, now: number): Line[] {
  const line = (name: string, value: string, colour?: string): Line => ({
    text: `${name.padEnd(12)} ${value}`,
    ...(colour ? { colour } : {}),
  });
  return [
    line('sync', `${app.sync}${app.behind > 0 ? `, ${app.behind} behind` : ''}`),
    line('health', app.health),
    line('state', app.message || '-'),
    line('revision', app.revision || '-'),
    line('in Git', app.targetRevision || '-'),
    line('deployed', app.syncedAt ? ageOf(app.syncedAt, now) : 'never'),
    line('images', app.images.join(', ') || '-'),
    line('replicas', `${app.replicas.ready} of ${app.replicas.wanted} ready`),
    line('source', `${app.source.repoURL} · ${app.source.path} · ${app.source.targetRevision}`),
    line(
      'sync by',
      app.automated
        ? 'itself, and heals drift'
        : `hand${app.guard ? `, by a ${app.guard.role}, with the typed name "${app.guard.confirm}"` : ''}`,
    ),
    ...app.conditions.map(one => line(one.type, one.message, 'red')),
    ...(app.operation
      ? [
          { text: '' },
          line(
            'last sync',
            `${app.operation.phase}: ${app.operation.message}`,
            app.operation.phase === 'Failed' ? 'red' : undefined,
          ),
          ...app.operation.resources.map(one => ({
            text: `  ${one.resource} ${one.action}${one.message ? `  ${one.message}` : ''}`,
          })),
        ]
      : []),
    ...(app.drift.length > 0 ? [{ text: '' }, ...driftLines(app.drift)] : []),
  ];
}

export function diffLines(diff: ObjectDiffView[]): Line[] {
  const changed = diff.filter(one => one.action !== 'none');
  if (changed.length === 0) return [{ text: 'the cluster is as Git says', colour: 'green' }];
  return changed.flatMap(({ resource, namespace, action, changes }) => [
    { text: `${resource}${namespace ? ` in ${namespace}` : ''}  ${action}`, colour: action === 'prune' ? 'red' : 'cyan' },
    ...changes.flatMap(({ path, live, desired }) => [
      { text: `  ${path}` },
      ...(live === undefined ? [] : [{ text: `    - ${show(live)}`, colour: 'red' }]),
      ...(desired === undefined ? [] : [{ text: `    + ${show(desired)}`, colour: 'green' }]),
    ]),
  ]);
}

export function driftLines(drift: DriftView[]): Line[] {
  if (drift.length === 0) return [{ text: 'no drift', colour: 'green' }];
  return drift.flatMap(({ application, resource, kind, changes, by, seenAt, healedAt }) => [
    {
      text: `${application} · ${shortKind(resource)} ${kind} outside Git`,
      colour: healedAt === undefined ? 'magenta' : 'green',
    },
    ...changes.map(({ path, desired, live }) => ({
      text: `  ${path.padEnd(42)} ${shortValue(desired)} → ${shortValue(live)}`,
    })),
    { text: by ? `  by ${whoOf(by)}` : '  by whom is not known' },
    {
      text: `  seen ${instantOf(seenAt)}${healedAt === undefined ? ' · not healed: a sync sets it right' : ` · healed ${instantOf(healedAt)} · ${Date.parse(healedAt) - Date.parse(seenAt)} ms`}`,
    },
    { text: '' },
  ]);
}

/** `kubectl, scale (user admin, kubectl/v1.32.4, 127.0.0.1)` */
function whoOf({ manager, verb, user, client, sourceAddress }: NonNullable<DriftView['by']>): string {
  const how = [manager ?? user, verb].filter(Boolean).join(', ');
  const from = [manager && user && `user ${user}`, client, sourceAddress].filter(Boolean).join(', ');
  return from === '' ? how : `${how} (${from})`.trim();
}

/** The question's part of a diff: a line for each resource and each field. */
export function changeLines(diff: ObjectDiffView[]): Line[] {
  const changed = diff.filter(one => one.action !== 'none');
  if (changed.length === 0) return [{ text: 'nothing would change: the cluster is as Git says', colour: 'green' }];
  const deletions = changed.filter(one => one.action === 'prune').length;
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  return [
    { text: `${count(changed.length - deletions, 'change')}, ${count(deletions, 'deletion')}` },
    ...changed.flatMap(({ resource, action, changes }): Line[] => [
      {
        text: `  ${shortKind(resource)}${action === 'update' ? '' : `  ${action === 'prune' ? 'is deleted' : 'is created'}`}`,
        colour: action === 'prune' ? 'red' : 'cyan',
      },
      ...(action === 'update' ? changes : []).map(({ path, live, desired }) => ({
        text: `    ${path.padEnd(34)} ${shortValue(live)} → ${shortValue(desired)}`,
      })),
    ]),
  ];
}

export function historyLines(history: HistoryView[], now: number): Line[] {
  return history.map(one => ({
    id: String(one.id),
    text: `${String(one.id).padStart(4)}  ${one.revision.slice(0, 7)}  ${ageOf(one.deployedAt, now).padEnd(11)} ${one.actor.padEnd(8)} ${one.subject}`,
  }));
}

export function treeLines(resources: ResourceView[], indent = ''): Line[] {
  return resources.flatMap(resource => {
    const state = [resource.sync, resource.health].filter(Boolean).join(', ');
    const colour =
      resource.health === 'Degraded'
        ? 'red'
        : resource.sync === 'OutOfSync'
          ? 'yellow'
          : resource.health === 'Progressing'
            ? 'cyan'
            : undefined;
    const text = `${indent}${resource.kind}/${resource.name}${state ? `  ${state}` : ''}${resource.message ? `  ${resource.message}` : ''}`;
    return [{ text, ...(colour ? { colour } : {}) }, ...treeLines(resource.children, `${indent}  `)];
  });
}

export function helpLines(): Line[] {
  const places = { everywhere: 'Everywhere', home: 'Environments', scenario: 'Scenario', view: 'Full-screen views' } as const;
  const signs: Line[] = [
    { text: 'Signs', colour: 'cyan' },
    { text: '  (●●) Git and cluster agree, all healthy   (●◐) on its way   (●○) Git has moved on' },
    { text: '  (●≠) changed behind Git                   (●×) broken       (○○) unknown' },
  ];
  const keys = Object.entries(places).flatMap(([where, title]) => [
    { text: title, colour: 'cyan' },
    ...keyMap
      .filter(binding => binding.where === where)
      .map(binding => ({ text: `  ${binding.label.padEnd(10)} ${binding.description}` })),
    { text: '' },
  ]);
  return [...keys, ...signs];
}

function show(value: unknown): string {
  return value === undefined ? '(none)' : typeof value === 'string' ? value : JSON.stringify(value);
}
