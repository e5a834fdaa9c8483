// A push to the GitOps repository until its object is in the cluster, and until its application is Synced and Healthy.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../../platform/kube/index.ts';
import type { Measure } from '../measure.ts';
import { requestsServed } from '../requests-served.ts';

interface Application extends KubeObject {
  status?: { sync?: { status?: string; revision?: string }; health?: { status?: string } };
}

export const gitopsPush: Measure = {
  name: 'gitops-push',
  summary: 'push of demo-gitops → applied, → Synced and Healthy; API requests of such a sync',
  async run(platform, { quick }) {
    const folder = await platform.clone('demo-gitops');
    const file = join(folder, 'apps/demo/overlays/dev/settings.yaml');
    using objects = await platform.follow<KubeObject & { data?: Record<string, string> }>({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      namespace: 'dev',
    });
    using applications = await platform.follow<Application>({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      namespace: 'daruma',
    });
    const applied: number[] = [];
    const settled: number[] = [];
    const requests: number[] = [];
    const before = (await readFile(file, 'utf8')).replace(/^ {2}BENCH: .*\n/m, '');
    for (let n = 0; n < (quick ? 8 : 30); n++) {
      const mark = `${Date.now()}-${n}`;
      await writeFile(file, `${before.trimEnd()}\n  BENCH: "${mark}"\n`);
      const served = await requestsServed(platform);
      const { sha, at } = await platform.push(folder, `bench ${n}`);
      // May be before git has returned: then it took no time that anybody waited.
      applied.push(Math.max(0, (await objects.until(({ object }) => object.data?.['BENCH'] === mark)) - at));
      const end = await applications.until(
        ({ object: { metadata, status } }) =>
          metadata.name === 'demo-dev' &&
          status?.sync?.revision === sha &&
          status.sync.status === 'Synced' &&
          status.health?.status === 'Healthy',
      );
      settled.push(Math.max(0, end - at));
      requests.push((await requestsServed(platform)) - served);
    }
    const cluster = (await platform.status()).provider;
    return [
      { name: 'gitops push → applied', unit: 'ms', samples: applied, cluster },
      { name: 'gitops push → Synced and Healthy', unit: 'ms', samples: settled, cluster },
      { name: 'API requests of a sync', unit: 'requests', samples: requests, cluster },
    ];
  },
};
