// A push of the application until dev is ready on the new version: tests, image, registry, bump, sync and rollout.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeObject } from '../../../platform/kube/index.ts';
import type { Measure } from '../measure.ts';

interface Deployment extends KubeObject {
  spec: { replicas: number; template: { spec: { containers: { image: string }[] } } };
  status?: { observedGeneration?: number; updatedReplicas?: number; availableReplicas?: number; replicas?: number };
}

export const appPush: Measure = {
  name: 'app-push',
  summary: 'push of demo-app → dev is ready on the new version',
  async run(platform, { quick }) {
    const folder = await platform.clone('demo-app');
    const file = join(folder, 'package.json');
    using deployments = await platform.follow<Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'dev' });
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 2 : 7); n++) {
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace(/"version": "[^"]*"/, `"version": "2.${Date.now() % 1_000_000}.${n}"`));
      const { sha, at } = await platform.push(folder, `bench ${n}`);
      const end = await deployments.until(({ object: { metadata, spec, status = {} } }) => {
        const image = spec.template.spec.containers[0]?.image ?? '';
        const { observedGeneration = 0, updatedReplicas, availableReplicas, replicas } = status;
        return (
          image.includes(sha) &&
          observedGeneration >= (metadata.generation ?? 0) &&
          updatedReplicas === spec.replicas &&
          availableReplicas === spec.replicas &&
          replicas === spec.replicas
        );
      });
      samples.push(end - at);
    }
    return [{ name: 'app push → dev Ready', unit: 'ms', samples, cluster: (await platform.status()).provider }];
  },
};
