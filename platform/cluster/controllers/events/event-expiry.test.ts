import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { silentLogger, systemClock } from '../../../core/index.ts';
import { KubeClient, transportFromKubeconfig } from '../../../kube/index.ts';
import { ControllerHost } from '../../controller-runtime/index.ts';
import { startCluster } from '../../index.ts';
import { runEventExpiry } from './event-expiry.ts';

test('an event goes an hour after it was last seen', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daruma-events-'));
  try {
    await using cluster = await startCluster({ dataDir: folder, port: 0, ephemeral: true, bare: true, logger: silentLogger });
    await using transport = transportFromKubeconfig(cluster.kubeconfigPath);
    const client = new KubeClient(transport);
    const event = (name: string, ageMs: number) => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: 'default' },
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'Told',
      lastTimestamp: new Date(Date.now() - ageMs).toISOString().replace(/\.\d+Z$/, 'Z'),
    });
    await client.create(event('old', 3_700_000));
    await client.create(event('recent', 3_000_000));
    await using host = new ControllerHost({ client, clock: systemClock, logger: silentLogger });
    runEventExpiry(host);
    await host.start();
    const names = async () => (await client.list({ apiVersion: 'v1', kind: 'Event' })).items.map(({ metadata }) => metadata.name);
    await vi.waitFor(async () => expect(await names()).toEqual(['recent']), { timeout: 30_000 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
