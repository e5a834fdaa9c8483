// What stands around the nodes of a kind cluster while a platform runs: the registry's listener, audit trail and ingress.
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { startIngress } from '../../platform/cluster/network/index.ts';
import { createAuthority } from '../../platform/cluster/pki/index.ts';
import { DarumaError, type Logger } from '../../platform/core/index.ts';
import type { AuditSource } from '../../platform/gitops/index.ts';
import { KubeClient, portForward, transportFromKubeconfig } from '../../platform/kube/index.ts';
import type { TlsListener } from '../../platform/registry/index.ts';
import { AuditLogTail } from './audit-log.ts';
import type { StartedCluster } from './cluster-provider.ts';
import type { ContainerTools } from './container-tools.ts';
import type { HostRegistry } from './host-protocol.ts';
import { AUDIT_LOG, type NodeFolders } from './kind-config.ts';
import type { KindNodeContainer } from './kind-nodes.ts';
import { checkMark, type KindRecord, markCluster } from './kind-record.ts';
import { writeRegistryHosts } from './registry-hosts.ts';
import { untilUsable } from './until-usable.ts';

const USABLE_TIMEOUT_MS = 240_000;
/** The store is written durably before it answers, so a hard end loses nothing. */
const STOP_GRACE_S = 5;

export interface RunningKindOptions {
  tools: ContainerTools;
  record: KindRecord;
  nodes: KindNodeContainer[];
  kubeconfigPath: string;
  /** Where the CA is kept. */
  certificates: string;
  folders: NodeFolders;
  registry: HostRegistry;
  listenForNodes: (options: { host: string; key: string; cert: string }) => Promise<TlsListener>;
  ingressPort: number;
  /** Called right before the ingress listens. May be called again. */
  freeIngressPort: () => Promise<void>;
  logger: Logger;
  signal: AbortSignal;
  onProgress: (detail: string) => void;
}

/** Disposing it stops the nodes too; `detach` leaves them running. */
export class RunningKind implements StartedCluster {
  readonly kubeconfigPath: string;
  description = 'kind';
  ingressPort = 0;
  audit?: AuditSource;
  readonly #tools: ContainerTools;
  readonly #nodes: KindNodeContainer[];
  readonly #stop = new AbortController();
  readonly #parts: AsyncDisposable[] = [];

  private constructor({ tools, nodes, kubeconfigPath }: RunningKindOptions) {
    this.#tools = tools;
    this.#nodes = nodes;
    this.kubeconfigPath = kubeconfigPath;
    // Every forwarded connection listens to it.
    setMaxListeners(0, this.#stop.signal);
  }

  /** Resolves when the cluster can run pods from the registry. What it had begun is ended when it fails; the nodes go on. */
  static async start(options: RunningKindOptions): Promise<RunningKind> {
    const running = new RunningKind(options);
    try {
      await running.#start(options);
      return running;
    } catch (error) {
      await running.detach();
      throw error;
    }
  }

  async #start(options: RunningKindOptions): Promise<void> {
    const { record, nodes, kubeconfigPath, folders, ingressPort, freeIngressPort, logger, signal, onProgress } = options;
    await this.#openRegistry(options);
    const transport = transportFromKubeconfig(kubeconfigPath);
    this.#parts.push(transport);
    const client = new KubeClient(transport, { userAgent: 'daruma' });
    const restarted = record.phase === 'created' ? latestStart(nodes) : undefined;
    await untilUsable(client, {
      nodes: nodes.filter(({ role }) => role === 'control-plane' || role === 'worker').length,
      ...(restarted ? { since: restarted } : {}),
      timeoutMs: USABLE_TIMEOUT_MS,
      signal,
      onProgress,
    });
    if (record.phase === 'created') await checkMark(client, record, signal);
    else await markCluster(client, record, signal);

    const audit = await AuditLogTail.start(join(folders.auditLog, AUDIT_LOG), logger);
    this.#parts.push(audit);
    this.audit = audit;
    await freeIngressPort();
    const ingress = await startIngress({
      client,
      port: ingressPort,
      logger,
      connect: ({ pod, address, port }) => {
        if (!pod) throw new DarumaError('NOT_FOUND', `${address}:${port} is no pod, so the API does not lead there`);
        return portForward(transport.access, pod, port, { signal: this.#stop.signal });
      },
    });
    this.#parts.push(ingress);
    this.ingressPort = ingress.port;
    const { gitVersion } = await client.raw<{ gitVersion: string }>('GET', '/version', { signal });
    this.description = `kind · Kubernetes ${gitVersion.replace(/^v/, '')} · ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`;
  }

  /** Nodes reach this machine at their network's gateway, and nothing else does. */
  async #openRegistry({
    tools,
    nodes,
    certificates,
    folders,
    registry,
    listenForNodes,
    signal,
  }: RunningKindOptions): Promise<void> {
    const { listen, reach } = await meetingPoint(tools, nodes, signal);
    const authority = await createAuthority(certificates);
    const { certificate, key } = await authority.issueServerCertificate([registry.name, reach, listen]);
    const listener = await listenForNodes({ host: listen, key, cert: certificate }).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRNOTAVAIL') throw cause;
      throw new DarumaError('CONFLICT', `the gateway ${listen} of the nodes' network is no address of this machine`, {
        hint: 'a remote or rootless container runtime cannot pull from here; use Docker on this machine, or the embedded cluster',
        cause,
      });
    });
    this.#parts.push(listener);
    await writeRegistryHosts(folders.registryHosts, {
      ...registry,
      url: `https://${reach}:${listener.port}`,
      ca: authority.certificate,
    });
  }

  simulatedPods(): string[] {
    return [];
  }

  /** Ends what this process does for the cluster. */
  async detach(): Promise<void> {
    this.#stop.abort();
    for (const part of this.#parts.splice(0).reverse()) await part[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.detach();
    await this.#tools.container(['stop', '--time', String(STOP_GRACE_S), ...this.#nodes.map(({ name }) => name)]);
  }
}

/** Where the registry listens, and the name under which nodes find it. */
async function meetingPoint(
  tools: ContainerTools,
  nodes: KindNodeContainer[],
  signal: AbortSignal,
): Promise<{ listen: string; reach: string }> {
  if (tools.runtime === 'docker' && (await isDesktop(tools, signal)))
    return { listen: '127.0.0.1', reach: 'host.docker.internal' };
  const gateway = nodes.find(node => node.gateway)?.gateway;
  if (!gateway)
    throw new DarumaError('CONFLICT', "the nodes' network has no IPv4 gateway, so they cannot reach the registry", {
      hint: `${tools.runtime} network inspect ${nodes[0]?.network ?? 'kind'}`,
    });
  return { listen: gateway, reach: gateway };
}

/** Docker in a virtual machine of its own, which leads an alias to this machine's loopback. */
async function isDesktop(tools: ContainerTools, signal: AbortSignal): Promise<boolean> {
  return (await tools.container(['info', '--format', '{{.OperatingSystem}}'], { signal })).includes('Docker Desktop');
}

function latestStart(nodes: KindNodeContainer[]): Date {
  return new Date(Math.max(...nodes.map(({ startedAt }) => startedAt.getTime())));
}
