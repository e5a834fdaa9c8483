// The Node object of this machine: what it has, that it is ready, and its lease.
import { availableParallelism, release, totalmem } from 'node:os';
import { type Clock, type Logger, messageOf, packageVersion } from '../../core/index.ts';
import { isApiError, type KubeClient, type KubeObject } from '../../kube/index.ts';
import { apiTime } from './pod-types.ts';

const LEASE_SECONDS = 40;
const RENEW_MS = 20_000;
const MAX_PODS = '250';

export interface RegistrationOptions {
  client: KubeClient;
  nodeName: string;
  address: string;
  runtime: string;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
}

/** Creates or refreshes the Node; its lease is renewed until the signal aborts. */
export async function registerNode(options: RegistrationOptions): Promise<void> {
  const { client, nodeName } = options;
  const node = nodeObject(options);
  try {
    await client.create(node);
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
    await client.patch(
      { apiVersion: 'v1', kind: 'Node', name: nodeName },
      { metadata: { labels: node.metadata.labels }, spec: node['spec'] },
      { type: 'merge' },
    );
  }
  await client.patch(
    { apiVersion: 'v1', kind: 'Node', name: nodeName },
    { status: node['status'] },
    { type: 'merge', subresource: 'status' },
  );
  void renewLease(options);
}

function nodeObject({ nodeName, address, runtime, clock }: RegistrationOptions): KubeObject {
  const now = apiTime(clock.now());
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const resources = {
    cpu: String(availableParallelism()),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    pods: MAX_PODS,
    'ephemeral-storage': '100Gi',
  };
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName,
      labels: {
        'kubernetes.io/hostname': nodeName,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': architecture,
        'beta.kubernetes.io/os': 'linux',
        'beta.kubernetes.io/arch': architecture,
        'node-role.kubernetes.io/control-plane': '',
      },
      annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
    },
    spec: { podCIDR: '10.244.0.0/16', podCIDRs: ['10.244.0.0/16'], providerID: `daruma://${nodeName}` },
    status: {
      capacity: resources,
      allocatable: resources,
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: nodeName },
      ],
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: nodeName,
        systemUUID: nodeName,
        bootID: nodeName,
        kernelVersion: release(),
        osImage: `daruma (${process.platform})`,
        containerRuntimeVersion: `daruma-${runtime}://${packageVersion()}`,
        kubeletVersion: 'v1.34.4',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture,
      },
    },
  };
}

async function renewLease({ client, nodeName, clock, logger, signal }: RegistrationOptions): Promise<void> {
  const ref = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'kube-node-lease', name: nodeName };
  while (!signal.aborted) {
    const spec = {
      holderIdentity: nodeName,
      leaseDurationSeconds: LEASE_SECONDS,
      renewTime: clock.now().toISOString().replace('Z', '000Z'),
    };
    try {
      await client.patch(ref, { spec }, { type: 'merge', signal });
    } catch (error) {
      if (signal.aborted) return;
      if (isApiError(error, 404)) {
        const lease: KubeObject = {
          apiVersion: ref.apiVersion,
          kind: ref.kind,
          metadata: { name: nodeName, namespace: ref.namespace },
          spec,
        };
        await client
          .create(lease, { signal })
          .catch(failure => logger.debug('the lease of the node was not created', { reason: messageOf(failure) }));
      } else logger.debug('the lease of the node was not renewed', { reason: messageOf(error) });
    }
    await clock.sleep(RENEW_MS, { signal }).catch(() => {});
  }
}
