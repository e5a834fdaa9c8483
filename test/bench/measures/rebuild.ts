// The drill: the cluster is destroyed and comes back from Git, every object equal.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RebuildReport } from '../../../platform/api/index.ts';
import type { Measure } from '../measure.ts';

export const rebuild: Measure = {
  name: 'rebuild',
  summary: 'total loss of the cluster → every application healthy again, every object equal',
  async run(platform, { quick }) {
    const cluster = (await platform.status()).provider;
    const samples: number[] = [];
    for (let n = 0; n < (quick ? 1 : 3); n++) {
      const file = join(platform.home, 'bench-rebuild.json');
      await platform.daruma('rebuild', '--yes', '--report', file);
      samples.push((JSON.parse(await readFile(file, 'utf8')) as RebuildReport).recoveryMs);
    }
    await platform.reconnect();
    return [{ name: 'rebuild', unit: 'ms', samples, cluster }];
  },
};
