// The CustomResourceDefinitions of Argo CD's kinds, with its printer columns, so that kubectl and existing manifests work unchanged.
import type { KubeClient, KubeObject } from '../../kube/index.ts';

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Printer columns as in argo-cd 3.2, manifests/crds/application-crd.yaml. */
const applicationColumns = [
  { name: 'Sync Status', type: 'string', jsonPath: '.status.sync.status' },
  { name: 'Health Status', type: 'string', jsonPath: '.status.health.status' },
  { name: 'Revision', type: 'string', priority: 10, jsonPath: '.status.sync.revision' },
  { name: 'Project', type: 'string', priority: 10, jsonPath: '.spec.project' },
];

function definition(
  names: { kind: string; plural: string; singular: string; shortNames: string[] },
  properties: Record<string, unknown>,
  { columns, status = false }: { columns?: object[]; status?: boolean } = {},
): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${names.plural}.argoproj.io`,
      labels: { 'app.kubernetes.io/name': `${names.plural}.argoproj.io`, 'app.kubernetes.io/part-of': 'argocd' },
    },
    spec: {
      group: 'argoproj.io',
      names: { ...names, listKind: `${names.kind}List` },
      scope: 'Namespaced',
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          ...(columns ? { additionalPrinterColumns: columns } : {}),
          ...(status ? { subresources: { status: {} } } : {}),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              required: ['metadata', 'spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                ...properties,
              },
            },
          },
        },
      ],
    },
  };
}

/** Fields below `spec` are judged by the engine, which names what it cannot act on; a schema here would only drop them in silence. */
export const customResourceDefinitions: KubeObject[] = [
  definition(
    { kind: 'Application', plural: 'applications', singular: 'application', shortNames: ['app', 'apps'] },
    { spec: open, status: open, operation: open },
    { columns: applicationColumns },
  ),
  definition(
    { kind: 'AppProject', plural: 'appprojects', singular: 'appproject', shortNames: ['appproj', 'appprojs'] },
    { spec: open, status: open },
  ),
];

/** Applies the definitions and waits until the API server serves them. */
export async function ensureCrds(
  client: KubeClient,
  { sleep, signal }: { sleep: (ms: number) => Promise<void>; signal: AbortSignal },
): Promise<void> {
  await Promise.all(customResourceDefinitions.map(crd => client.apply(crd, { force: true, signal })));
  for (;;) {
    const served = new Set((await client.resourcesOf('argoproj.io/v1alpha1')).map(resource => resource.kind));
    if (customResourceDefinitions.every(crd => served.has((crd.spec as { names: { kind: string } }).names.kind))) return;
    await sleep(20);
  }
}
