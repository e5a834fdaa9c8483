// Maps kinds to the paths that serve them: well-known kinds without a request, all others by discovery.
import { DarumaError } from '../core/index.ts';
import type { ObjectRef, ResourceInfo, ResourceKind } from './types.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** apiVersion → `Kind/plural`, a `*` after it for cluster-wide kinds. */
const WELL_KNOWN: Record<string, string> = {
  v1: 'Namespace/namespaces* Node/nodes* PersistentVolume/persistentvolumes* Pod/pods Service/services ConfigMap/configmaps Secret/secrets ServiceAccount/serviceaccounts Endpoints/endpoints Event/events LimitRange/limitranges PersistentVolumeClaim/persistentvolumeclaims PodTemplate/podtemplates ReplicationController/replicationcontrollers ResourceQuota/resourcequotas',
  'apps/v1':
    'Deployment/deployments ReplicaSet/replicasets StatefulSet/statefulsets DaemonSet/daemonsets ControllerRevision/controllerrevisions',
  'batch/v1': 'Job/jobs CronJob/cronjobs',
  'networking.k8s.io/v1': 'Ingress/ingresses IngressClass/ingressclasses* NetworkPolicy/networkpolicies',
  'policy/v1': 'PodDisruptionBudget/poddisruptionbudgets',
  'autoscaling/v2': 'HorizontalPodAutoscaler/horizontalpodautoscalers',
  'discovery.k8s.io/v1': 'EndpointSlice/endpointslices',
  'coordination.k8s.io/v1': 'Lease/leases',
  'events.k8s.io/v1': 'Event/events',
  'rbac.authorization.k8s.io/v1':
    'Role/roles RoleBinding/rolebindings ClusterRole/clusterroles* ClusterRoleBinding/clusterrolebindings*',
  'storage.k8s.io/v1': 'StorageClass/storageclasses*',
  'scheduling.k8s.io/v1': 'PriorityClass/priorityclasses*',
  'apiextensions.k8s.io/v1': 'CustomResourceDefinition/customresourcedefinitions*',
};

function wellKnown(): Map<string, ResourceInfo> {
  const known = new Map<string, ResourceInfo>();
  for (const [apiVersion, list] of Object.entries(WELL_KNOWN)) {
    for (const entry of list.split(' ')) {
      const [kind = '', plural = ''] = entry.split('/');
      const namespaced = !plural.endsWith('*');
      known.set(`${apiVersion} ${kind}`, {
        apiVersion,
        kind,
        plural: namespaced ? plural : plural.slice(0, -1),
        namespaced,
        verbs: VERBS,
      });
    }
  }
  return known;
}

interface ApiResourceList {
  resources?: { name: string; kind: string; namespaced: boolean; verbs: string[] }[];
}

/** Kinds that were asked for once are remembered; an unknown kind is asked for again each time, since a CRD may have come. */
export class ResourceMap {
  readonly #known = wellKnown();
  readonly #read: (path: string) => Promise<unknown>;

  constructor(read: (path: string) => Promise<unknown>) {
    this.#read = read;
  }

  /** @throws DarumaError NOT_FOUND when the server serves no such kind */
  async find({ apiVersion, kind }: ResourceKind): Promise<ResourceInfo> {
    const known = this.#known.get(`${apiVersion} ${kind}`);
    if (known) return known;
    for (const resource of await this.listVersion(apiVersion)) this.#known.set(`${apiVersion} ${resource.kind}`, resource);
    const found = this.#known.get(`${apiVersion} ${kind}`);
    if (!found)
      throw new DarumaError('NOT_FOUND', `the cluster serves no kind ${kind} in ${apiVersion}`, {
        hint: 'install its CustomResourceDefinition first',
      });
    return found;
  }

  /** The resources of one group version, without sub-resources; empty when it is not served. */
  async listVersion(apiVersion: string): Promise<ResourceInfo[]> {
    const list = (await this.#read(basePath(apiVersion))) as ApiResourceList | undefined;
    return (list?.resources ?? [])
      .filter(resource => !resource.name.includes('/'))
      .map(({ name, kind, namespaced, verbs }) => ({ apiVersion, kind, plural: name, namespaced, verbs }));
  }
}

function basePath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The path of a collection, or of all namespaces' when `namespace` is absent. */
export function collectionPath(resource: ResourceInfo, namespace?: string): string {
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${basePath(resource.apiVersion)}${scope}/${resource.plural}`;
}

/** The path of one object. */
export function objectPath(
  resource: ResourceInfo,
  { namespace, name }: Pick<ObjectRef, 'namespace' | 'name'>,
  subresource?: string,
): string {
  return `${collectionPath(resource, namespace ?? 'default')}/${encodeURIComponent(name)}${subresource ? `/${subresource}` : ''}`;
}
