// Reads Argo CD's AppProject and tells what an application in it may use (argo-cd 3.2, pkg/apis/application/v1alpha1/types.go).
import picomatch from 'picomatch';
import type { KubeObject, ResourceInfo } from '../../kube/index.ts';
import type { Application, Condition } from './application.ts';
import { fieldProblems, projectFields } from './field-table.ts';
import { groupOf } from './resource-key.ts';

interface GroupKind {
  group: string;
  kind: string;
  name?: string;
}

export interface AppProject {
  name: string;
  sourceRepos: string[];
  destinations: { server?: string; name?: string; namespace?: string }[];
  /** Cluster-wide kinds allowed; none by default. */
  clusterAllowed: GroupKind[];
  clusterDenied: GroupKind[];
  /** Namespaced kinds allowed; undefined: all. */
  namespacedAllowed?: GroupKind[];
  namespacedDenied: GroupKind[];
}

/** What Argo CD's own `default` project allows: everything. */
export function openProject(name: string): AppProject {
  return {
    name,
    sourceRepos: ['*'],
    destinations: [{ server: '*', namespace: '*' }],
    clusterAllowed: [{ group: '*', kind: '*' }],
    clusterDenied: [],
    namespacedDenied: [],
  };
}

/** `project` is absent when a field would be ignored: nothing deploys under a rule that is not kept. */
export function readAppProject(object: KubeObject): { project?: AppProject; conditions: Condition[] } {
  const spec = (object.spec ?? {}) as Record<string, unknown>;
  const name = object.metadata.name ?? '';
  const conditions = fieldProblems(spec, projectFields)
    .filter(({ field }) => !isEmpty(spec[field.slice('spec.'.length)]))
    .map(({ field, state }) => ({
      type: 'InvalidSpecError',
      message: `AppProject ${name}: ${field} is ${state === 'unsupported' ? 'not implemented by daruma' : 'not a field of Argo CD’s AppProject'}`,
    }));
  if (conditions.length > 0) return { conditions };
  const list = (field: string) => (spec[field] ?? []) as GroupKind[];
  return {
    conditions,
    project: {
      name,
      sourceRepos: (spec.sourceRepos ?? []) as string[],
      destinations: (spec.destinations ?? []) as AppProject['destinations'],
      clusterAllowed: list('clusterResourceWhitelist'),
      clusterDenied: list('clusterResourceBlacklist'),
      ...(spec.namespaceResourceWhitelist ? { namespacedAllowed: list('namespaceResourceWhitelist') } : {}),
      namespacedDenied: list('namespaceResourceBlacklist'),
    },
  };
}

/** Why the project forbids the application's source or destination; empty when it does not. */
export function projectProblems(project: AppProject, application: Application): Condition[] {
  const { source, destination } = application;
  const conditions: Condition[] = [];
  if (!allowedBy(project.sourceRepos, pattern => matches(pattern, source.repoURL)))
    conditions.push({
      type: 'InvalidSpecError',
      message: `application repo ${source.repoURL} is not permitted in project '${project.name}'`,
    });
  if (!destinationAllowed(project, destination.server, destination.namespace))
    conditions.push({
      type: 'InvalidSpecError',
      message: `application destination server '${destination.server}' and namespace '${destination.namespace}' do not match any of the allowed destinations in project '${project.name}'`,
    });
  return conditions;
}

/** Why the project forbids this object; undefined when it does not. */
export function resourceProblem(
  project: AppProject,
  object: KubeObject,
  resource: ResourceInfo,
  server: string,
): string | undefined {
  const subject = { group: groupOf(object.apiVersion), kind: object.kind, name: object.metadata.name ?? '' };
  const within = (list: GroupKind[]) => list.some(entry => covers(entry, subject));
  if (!resource.namespaced)
    return within(project.clusterAllowed) && !within(project.clusterDenied)
      ? undefined
      : `resource ${subject.group}:${subject.kind} is not permitted in project ${project.name}`;
  if ((project.namespacedAllowed && !within(project.namespacedAllowed)) || within(project.namespacedDenied))
    return `resource ${subject.group}:${subject.kind} is not permitted in project ${project.name}`;
  const namespace = object.metadata.namespace ?? '';
  return destinationAllowed(project, server, namespace)
    ? undefined
    : `namespace ${namespace} is not permitted in project '${project.name}'`;
}

function destinationAllowed(project: AppProject, server: string, namespace: string): boolean {
  const fits = (entry: AppProject['destinations'][number], deny: boolean) => {
    const strip = (text: string) => (deny ? text.replace(/^!/, '') : text);
    const namedServer = entry.server ?? (entry.name === 'in-cluster' ? server : entry.name === '*' ? '*' : '');
    return matches(strip(namedServer), server) && matches(strip(entry.namespace ?? ''), namespace);
  };
  const isDeny = (entry: AppProject['destinations'][number]) =>
    [entry.server, entry.namespace].some(text => text?.startsWith('!'));
  const { destinations } = project;
  return (
    destinations.some(entry => !isDeny(entry) && fits(entry, false)) &&
    !destinations.some(entry => isDeny(entry) && fits(entry, true))
  );
}

function allowedBy(patterns: string[], fits: (pattern: string) => boolean): boolean {
  const denied = patterns.filter(pattern => pattern.startsWith('!')).map(pattern => pattern.slice(1));
  return patterns.some(pattern => !pattern.startsWith('!') && fits(pattern)) && !denied.some(fits);
}

function covers(entry: GroupKind, subject: Required<GroupKind>): boolean {
  return matches(entry.group, subject.group) && matches(entry.kind, subject.kind) && matches(entry.name ?? '*', subject.name);
}

function matches(pattern: string, value: string): boolean {
  return pattern === '*' || pattern === value || picomatch.isMatch(value, pattern, { dot: true });
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
