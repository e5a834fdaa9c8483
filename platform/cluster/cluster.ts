// Composes one embedded cluster: store ← API server ← controllers, node and network, each a client of the API alone.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Logger, systemClock, writeFileAtomic } from '../core/index.ts';
import { KubeClient } from '../kube/index.ts';
import { type ApiServer, AuditLog, readTokenFile, startApiServer } from './apiserver/index.ts';
import { adminKubeconfig } from './kubeconfig.ts';
import type { RegistryAccess } from './node/index.ts';
import { type Authority, createAuthority, loadTokenKeys } from './pki/index.ts';
import { openLmdbStore, openMemoryStore } from './store/index.ts';

/** Who wrote what, as it happens. */
export type ClusterAudit = Pick<AuditLog, 'follow' | 'followEntries'>;

export interface ClusterOptions {
  /** Store, certificates, kubeconfig and the node's files; made when missing. */
  dataDir: string;
  /** 0: any free port. */
  port: number;
  /** Objects live in memory alone. */
  ephemeral?: boolean;
  /** A CSV of bearer tokens in kube-apiserver's format. */
  tokenAuthFile?: string;
  /** The API server alone: no controllers, no node, no ServiceAccount admission. */
  bare?: boolean;
  /** Names of nodes whose pods run without a process; instead of the node of this machine. */
  simulatedNodes?: readonly string[];
  ingressPort?: number;
  registry?: RegistryAccess;
  logger: Logger;
  clock?: Clock;
}

export interface RunningCluster extends AsyncDisposable {
  /** https://127.0.0.1:PORT */
  readonly url: string;
  readonly port: number;
  /** Admin credentials with the CA inside; mode 0600. */
  readonly kubeconfigPath: string;
  readonly ingressPort?: number;
  readonly audit: ClusterAudit;
  /** `namespace/name` of pods that are shown as running without a process. */
  simulatedPods(): string[];
}

const MASTERS = ['system:masters'];
const NODE_NAME = 'daruma';

interface Workers {
  ingressPort?: number;
  simulatedPods(): string[];
}

/** Resolves when /readyz is ok, nodes included. Disposing stops everything, in reverse. @throws DarumaError PORT_IN_USE, STORE_DAMAGED */
export async function startCluster(options: ClusterOptions): Promise<RunningCluster> {
  const { dataDir, logger, clock = systemClock } = options;
  const stack: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const dispose of stack.splice(0).reverse()) await dispose();
  };
  const own = <T extends AsyncDisposable>(part: T): T => {
    stack.push(async () => part[Symbol.asyncDispose]());
    return part;
  };
  try {
    const certificates = join(dataDir, 'pki');
    await mkdir(certificates, { recursive: true, mode: 0o700 });
    const tokenKeys = loadTokenKeys(certificates);
    const [authority, store, tokens] = await Promise.all([
      createAuthority(certificates),
      options.ephemeral ? openMemoryStore() : openLmdbStore(join(dataDir, 'store')),
      options.tokenAuthFile ? readTokenFile(options.tokenAuthFile) : [],
    ]);
    own(store);
    const audit = new AuditLog();
    const simulated = (options.simulatedNodes ?? []).length > 0;
    const server = own(
      await startApiServer({
        port: options.port,
        store,
        authority,
        tokenKeys,
        tokens,
        serviceAccountAdmission: !options.bare && !simulated,
        audit,
        clock,
        logger: logger.child('apiserver'),
      }),
    );
    const kubeconfigPath = join(dataDir, 'kubeconfig');
    await writeFileAtomic(kubeconfigPath, await adminKubeconfig(server.url, authority));
    const workers = options.bare ? { simulatedPods: () => [] } : await startWorkers({ options, clock, server, authority, own });
    // The key is on disk before anybody is told that the cluster is ready.
    await tokenKeys;
    return {
      url: server.url,
      port: server.port,
      kubeconfigPath,
      ...(workers.ingressPort === undefined ? {} : { ingressPort: workers.ingressPort }),
      audit,
      simulatedPods: workers.simulatedPods,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface WorkerParts {
  options: ClusterOptions;
  clock: Clock;
  server: ApiServer;
  authority: Authority;
  own: <T extends AsyncDisposable>(part: T) => T;
}

/** Controllers and nodes are loaded when they are wanted, so that a bare server does not pay for them. */
async function startWorkers({ options, clock, server, authority, own }: WorkerParts): Promise<Workers> {
  const { logger } = options;
  const client = (user: string) =>
    new KubeClient(own(server.transportAs({ name: user, groups: MASTERS })), { userAgent: user.replaceAll(':', '-') });
  const { startControllers } = await import('./controllers/index.ts');
  const rootCa = authority.certificate;
  own(
    await startControllers({
      client: client('system:kube-controller-manager').as('kube-controller-manager'),
      clock,
      logger: logger.child('controllers'),
      rootCa,
    }),
  );
  const names = [...(options.simulatedNodes ?? [])];
  if (names.length > 0) {
    const { startSimulatedNodes } = await import('./simulated/index.ts');
    const nodes = own(
      await startSimulatedNodes({ client: client('system:kubelet').as('kubelet'), names, logger: logger.child('nodes'), clock }),
    );
    server.setConnector(nodes.connector);
    return { simulatedPods: () => [] };
  }
  const [{ startNetwork }, { startNode }] = await Promise.all([import('./network/index.ts'), import('./node/index.ts')]);
  const network = own(
    await startNetwork({
      client: client('system:kube-proxy').as('kube-proxy'),
      apiUrl: server.url,
      logger: logger.child('network'),
      ...(options.ingressPort === undefined ? {} : { ingressPort: options.ingressPort }),
    }),
  );
  const node = own(
    await startNode({
      client: client(`system:node:${NODE_NAME}`).as('kubelet'),
      nodeName: NODE_NAME,
      dataDir: join(options.dataDir, 'node'),
      network,
      rootCa,
      logger: logger.child('node'),
      clock,
      ...(options.registry ? { registry: options.registry } : {}),
    }),
  );
  server.setConnector(node.connector);
  return { ingressPort: network.ingressPort, simulatedPods: () => node.simulatedPods() };
}
