// Starts every controller and the scheduler over one set of shared caches.
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';
import { ControllerHost } from '../controller-runtime/index.ts';
import { runScheduler } from '../scheduler/index.ts';
import { runAccountControllers } from './accounts/account-controllers.ts';
import { runTokenController } from './accounts/token-controller.ts';
import { runAutoscalingController } from './autoscaling/autoscaling-controller.ts';
import { Catalogue } from './catalogue.ts';
import { runCronJobController } from './cronjob/cron-job-controller.ts';
import { runDaemonSetController } from './daemonset/daemon-set-controller.ts';
import { runDeploymentController } from './deployment/deployment-controller.ts';
import { runDisruptionController } from './disruption/disruption-controller.ts';
import { runEndpointsController } from './endpoints/endpoints-controller.ts';
import { runEndpointsMirror } from './endpoints/endpoints-mirror.ts';
import { runEventExpiry } from './events/event-expiry.ts';
import { runGarbageCollector } from './garbage/garbage-collector.ts';
import { runJobController } from './job/job-controller.ts';
import { runNamespaceController } from './namespaces/namespace-controller.ts';
import { runNodeTaintController } from './nodes/node-taint-controller.ts';
import { runPodCollector } from './nodes/pod-gc-controller.ts';
import { runResourceQuotaController } from './quota/resource-quota-controller.ts';
import { replicaSetKind, replicationControllerKind } from './replicaset/replica-set.ts';
import { runReplicaController } from './replicaset/replica-set-controller.ts';
import { runRoleAggregationController } from './roles/role-aggregation-controller.ts';
import { runStatefulSetController } from './statefulset/stateful-set-controller.ts';
import { runVolumeControllers } from './volumes/volume-controllers.ts';

export interface ControllersOptions {
  /** A client with the rights of system:masters. The caller closes it, after the controllers. */
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  /** The PEM of the cluster's CA, published in each namespace as the ConfigMap kube-root-ca.crt. */
  rootCa: string;
}

/**
 * Starts all controllers and the scheduler; resolves when their caches are filled. They retry by themselves whatever the API
 * refuses, and react to watch events: an idle cluster costs nothing but a look for old Events every ten minutes. Disposing stops them and waits for what is running.
 */
export async function startControllers({ client, clock, logger, rootCa }: ControllersOptions): Promise<AsyncDisposable> {
  const host = new ControllerHost({ client: client.as('kube-controller-manager'), clock, logger: logger.child('controllers') });
  const catalogue = new Catalogue(host);
  runDeploymentController(host);
  runReplicaController(host, replicaSetKind);
  runReplicaController(host, replicationControllerKind);
  runStatefulSetController(host);
  runDaemonSetController(host);
  runJobController(host);
  runCronJobController(host);
  runEndpointsController(host);
  runAccountControllers(host, { rootCa });
  runNamespaceController(host, catalogue);
  runNodeTaintController(host);
  runPodCollector(host);
  runEndpointsMirror(host);
  runTokenController(host, { rootCa });
  runRoleAggregationController(host);
  runDisruptionController(host);
  runAutoscalingController(host);
  runVolumeControllers(host);
  runResourceQuotaController(host, catalogue);
  runScheduler(host);
  runEventExpiry(host);
  runGarbageCollector(host, catalogue);
  await host.start();
  return host;
}
