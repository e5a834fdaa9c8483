// Notes what stands when a step begins.
import type { Baseline, ScenarioContext } from './context.ts';

export async function clusterUid({ cluster }: ScenarioContext, { signal }: { signal: AbortSignal }): Promise<string> {
  const namespace = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }, { signal });
  return namespace?.metadata.uid ?? '';
}

export async function takeBaseline(context: ScenarioContext, { signal }: { signal: AbortSignal }): Promise<Baseline> {
  const [app, gitops, uid, entries] = await Promise.all([
    context.git.remoteHead('demo-app', { signal }),
    context.git.remoteHead('demo-gitops', { signal }),
    clusterUid(context, { signal }),
    context.api().events(0, { signal }),
  ]);
  return {
    time: new Date().toISOString(),
    seq: entries.at(-1)?.seq ?? 0,
    heads: { 'demo-app': app, 'demo-gitops': gitops },
    clusterUid: uid,
  };
}
