// The containers that a kind cluster is made of, as the container runtime knows them.
import type { CallOptions, ContainerTools } from './container-tools.ts';

const CLUSTER_LABEL = 'io.x-k8s.kind.cluster';
const ROLE_LABEL = 'io.x-k8s.kind.role';

export interface KindNodeContainer {
  name: string;
  role: string;
  running: boolean;
  startedAt: Date;
  /** Folders of this machine that it sees. */
  mounts: string[];
  /** Of its network, for IPv4; absent while it does not run. */
  gateway?: string;
  network?: string;
}

/** The nodes of a cluster, control planes first; none when there is no cluster of that name. */
export async function kindNodes(tools: ContainerTools, cluster: string, options: CallOptions = {}): Promise<KindNodeContainer[]> {
  const ids = await tools.container(['ps', '-a', '-q', '--no-trunc', '--filter', `label=${CLUSTER_LABEL}=${cluster}`], options);
  const list = ids.split('\n').filter(id => id !== '');
  if (list.length === 0) return [];
  const nodes = nodesFromInspect(await tools.container(['container', 'inspect', ...list], options));
  return nodes.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** Whether any kind cluster, of whomever, has a container. */
export async function anyKindNode(tools: ContainerTools): Promise<boolean> {
  return (await tools.container(['ps', '-a', '-q', '--filter', `label=${CLUSTER_LABEL}`])).trim() !== '';
}

/** Reads what `docker container inspect` prints (podman and nerdctl print the same fields). */
export function nodesFromInspect(text: string): KindNodeContainer[] {
  const containers = JSON.parse(text) as {
    Name: string;
    State?: { Running?: boolean; StartedAt?: string };
    Config?: { Labels?: Record<string, string> };
    Mounts?: { Source?: string }[];
    NetworkSettings?: { Networks?: Record<string, { Gateway?: string }> };
  }[];
  return containers.map(({ Name, State, Config, Mounts, NetworkSettings }) => {
    const [network, settings] = Object.entries(NetworkSettings?.Networks ?? {})[0] ?? [];
    return {
      name: Name.replace(/^\//, ''),
      role: Config?.Labels?.[ROLE_LABEL] ?? '',
      running: State?.Running === true,
      startedAt: new Date(State?.StartedAt ?? 0),
      mounts: (Mounts ?? []).map(({ Source = '' }) => Source),
      ...(settings?.Gateway ? { gateway: settings.Gateway } : {}),
      ...(network ? { network } : {}),
    };
  });
}

function rank({ role }: KindNodeContainer): number {
  return role === 'control-plane' ? 0 : 1;
}
