// Many applications of one repository from cold, and what a push that touches one of them costs then.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../../platform/kube/index.ts';
import type { Measure } from '../measure.ts';

const APPLICATIONS = 100;

interface Application extends KubeObject {
  status?: { sync?: { status?: string }; health?: { status?: string } };
}

export const fleet: Measure = {
  name: 'fleet',
  summary: `${APPLICATIONS} applications of 4 objects each from cold → all Synced and Healthy`,
  slow: true,
  async run(platform) {
    const folder = await platform.clone('demo-gitops');
    const { provider } = await platform.status();
    for (let n = 0; n < APPLICATIONS; n++) {
      const path = join(folder, 'fleet', `app-${n}`);
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'objects.yaml'), objects(n, 'first'));
    }
    await writeFile(join(folder, 'clusters/local/fleet.yaml'), manifests());
    using applications = await platform.follow<Application>({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      namespace: 'daruma',
    });
    using settings = await platform.follow<KubeObject & { data?: Record<string, string> }>({
      apiVersion: 'v1',
      kind: 'ConfigMap',
    });
    const { at } = await platform.push(folder, 'a fleet');
    const left = new Set(Array.from({ length: APPLICATIONS }, (_, n) => `fleet-${n}`));
    const end = await applications.until(({ object: { metadata, status } }) => {
      if (status?.sync?.status === 'Synced' && status.health?.status === 'Healthy') left.delete(metadata.name ?? '');
      return left.size === 0;
    });
    const touched: number[] = [];
    for (let n = 0; n < 10; n++) {
      await writeFile(join(folder, 'fleet', 'app-7', 'objects.yaml'), objects(7, `mark-${n}`));
      const push = await platform.push(folder, `one of the fleet ${n}`);
      const seen = await settings.until(
        ({ object }) => object.metadata.name === 'app-7-a' && object.data?.['mark'] === `mark-${n}`,
      );
      touched.push(Math.max(0, seen - push.at));
    }
    await rm(join(folder, 'clusters/local/fleet.yaml'));
    await rm(join(folder, 'fleet'), { recursive: true });
    await platform.push(folder, 'the fleet goes');
    return [
      { name: `${APPLICATIONS} applications from cold`, unit: 'ms', samples: [end - at], cluster: provider },
      { name: `push → applied among ${APPLICATIONS} applications`, unit: 'ms', samples: touched, cluster: provider },
    ];
  },
};

function objects(n: number, mark: string): string {
  const name = `app-${n}`;
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-a` }, data: { mark } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-b` }, data: { mark: 'same' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
    { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }] } },
  ]
    .map(object => JSON.stringify(object))
    .join('\n---\n');
}

function manifests(): string {
  return Array.from({ length: APPLICATIONS }, (_, n) =>
    JSON.stringify({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata: { name: `fleet-${n}`, namespace: 'daruma', finalizers: ['resources-finalizer.argocd.argoproj.io'] },
      spec: {
        project: 'default',
        source: { repoURL: 'http://git.daruma.internal/demo-gitops.git', path: `fleet/app-${n}`, targetRevision: 'main' },
        destination: { server: 'https://kubernetes.default.svc', namespace: 'dev' },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    }),
  ).join('\n---\n');
}
