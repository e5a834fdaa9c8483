// What Git wants of one application at one revision: rendered objects in the form in which they are applied.
import { createHash } from 'node:crypto';
import { DarumaError } from '../../core/index.ts';
import type { KubeClient, KubeObject, ResourceInfo } from '../../kube/index.ts';
import { desiredObject } from '../diff/index.ts';
import {
  type Application,
  type AppProject,
  type Condition,
  groupKindOf,
  keyOf,
  resourceLabel,
  resourceProblem,
} from '../model/index.ts';
import { type HookInfo, hookOf } from '../sync/index.ts';

export interface DesiredItem {
  key: string;
  object: KubeObject;
  /** Of the object's content. */
  hash: string;
  hook?: HookInfo;
}

export interface DesiredSet {
  revision: string;
  /** Which application definition it was made for. */
  specHash: string;
  items: Map<string, DesiredItem>;
  /** Folders of the repository that it was rendered from. */
  paths: string[];
  conditions: Condition[];
}

interface DesiredSetOptions {
  application: Application;
  specHash: string;
  project: AppProject;
  revision: string;
  rendered: { objects: KubeObject[]; paths: string[] };
  client: KubeClient;
}

/** Conditions of type InvalidSpecError or ExcludedResourceWarning forbid a sync. */
export async function buildDesiredSet(options: DesiredSetOptions): Promise<DesiredSet> {
  const { application, project, rendered, client } = options;
  const set: DesiredSet = {
    revision: options.revision,
    specHash: options.specHash,
    items: new Map(),
    paths: rendered.paths,
    conditions: [],
  };
  const defined = definedKinds(rendered.objects);
  const resources = new Map<string, Promise<ResourceInfo>>();
  const scopeOf = (object: KubeObject) => {
    const id = `${object.apiVersion} ${object.kind}`;
    const known = resources.get(id) ?? findScope(object, client, defined);
    resources.set(id, known);
    return known;
  };
  for (const found of rendered.objects) {
    const resource = await scopeOf(found);
    const object = desiredObject(found, {
      application: application.name,
      namespace: resource.namespaced ? application.destination.namespace || 'default' : undefined,
    });
    const problem = resourceProblem(project, object, resource, application.destination.server);
    if (problem) set.conditions.push({ type: 'InvalidSpecError', message: `${resourceLabel(object)}: ${problem}` });
    const key = object.metadata.name ? keyOf(object) : `${keyOf(object)}${object.metadata.generateName}*`;
    if (set.items.has(key))
      set.conditions.push({
        type: 'RepeatedResourceWarning',
        message: `Resource ${resourceLabel(object)} appeared 2 times among application resources.`,
      });
    const hook = hookOf(object);
    set.items.set(key, { key, object, hash: hashOf(object), ...(hook ? { hook } : {}) });
  }
  return set;
}

/** Kinds whose CRD comes in the same set. */
function definedKinds(objects: KubeObject[]): Map<string, boolean> {
  const kinds = new Map<string, boolean>();
  for (const object of objects) {
    if (groupKindOf(object) !== 'apiextensions.k8s.io/CustomResourceDefinition') continue;
    const spec = object.spec as { group?: string; scope?: string; names?: { kind?: string } } | undefined;
    kinds.set(`${spec?.group}/${spec?.names?.kind}`, spec?.scope === 'Namespaced');
  }
  return kinds;
}

async function findScope(object: KubeObject, client: KubeClient, defined: Map<string, boolean>): Promise<ResourceInfo> {
  const { apiVersion, kind } = object;
  try {
    return await client.resource(object);
  } catch (error) {
    if (!(error instanceof DarumaError) || error.code !== 'NOT_FOUND') throw error;
    // Not served yet: its CRD may come with the sync; until then the API server has the last word.
    const namespaced = defined.get(groupKindOf(object)) ?? true;
    return { apiVersion, kind, plural: '', namespaced, verbs: [] };
  }
}

function hashOf(object: KubeObject): string {
  return createHash('sha256').update(JSON.stringify(object)).digest('base64url');
}
