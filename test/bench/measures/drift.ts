// A change behind Git's back until it is undone: from the answer to the write to the watch event of the healed object.
import type { KubeObject } from '../../../platform/kube/index.ts';
import type { Measure } from '../measure.ts';

interface Settings extends KubeObject {
  data?: Record<string, string>;
}

const SETTINGS = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'dev', name: 'demo' };
const SERVICE = { apiVersion: 'v1', kind: 'Service', namespace: 'dev', name: 'demo' };

export const driftedField: Measure = {
  name: 'drift-field',
  summary: 'a field changed by hand in dev → healed',
  async run(platform, { quick }) {
    const client = await platform.client();
    using objects = await platform.follow<Settings>({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'dev' });
    const wanted = (await client.get<Settings>(SETTINGS))?.data?.['LOG_LEVEL'];
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 8 : 30); n++) {
      const broken = `bench-${n}`;
      const { metadata } = await client.patch(SETTINGS, { data: { LOG_LEVEL: broken } }, { type: 'merge' });
      const at = performance.now();
      const after = Number(metadata.resourceVersion);
      const end = await objects.until(
        ({ object }) =>
          object.metadata.name === 'demo' &&
          object.data?.['LOG_LEVEL'] === wanted &&
          Number(object.metadata.resourceVersion) > after,
      );
      samples.push(Math.max(0, end - at));
    }
    return [{ name: 'drift → healed: field', unit: 'ms', samples, cluster: (await platform.status()).provider }];
  },
};

export const deletedObject: Measure = {
  name: 'drift-deleted',
  summary: 'an object deleted by hand in dev → there again',
  async run(platform, { quick }) {
    const client = await platform.client();
    using objects = await platform.follow({ apiVersion: 'v1', kind: 'Service', namespace: 'dev' });
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 5 : 20); n++) {
      const uid = (await client.get(SERVICE))?.metadata.uid;
      await client.delete(SERVICE);
      const at = performance.now();
      const end = await objects.until(
        ({ type, object: { metadata } }) => type === 'ADDED' && metadata.name === 'demo' && metadata.uid !== uid,
      );
      samples.push(Math.max(0, end - at));
    }
    return [{ name: 'drift → healed: deleted object', unit: 'ms', samples, cluster: (await platform.status()).provider }];
  },
};
