// Was the cluster really destroyed, and did everything come back as it was?
import type { EventPayloads } from '../../../platform/core/index.ts';
import { clusterUid } from '../baseline.ts';
import { baselineOf, type Check, passed, waiting } from './check.ts';

export const rebuilt: Check<Record<string, never>> = async (_parameters, scope) => {
  const { seq, clusterUid: before } = baselineOf(scope);
  const entries = await scope.context.api().events(seq, scope);
  const finished = entries.filter(entry => entry.type === 'rebuild.finished').at(-1);
  if (!finished) {
    return waiting(
      entries.some(entry => entry.type === 'cluster.destroyed')
        ? 'the cluster is destroyed; it comes back'
        : 'the cluster still stands',
    );
  }
  if ((await clusterUid(scope.context, scope)) === before) return waiting('the cluster is still the one from before');
  const { recoveryMs, equal, different, missing, extra } = finished.data as EventPayloads['rebuild.finished'];
  const report = `rebuilt in ${(recoveryMs / 1000).toFixed(1)} s: ${equal} equal, ${different} different, ${missing} missing, ${extra} extra`;
  return equal > 0 && different + missing + extra === 0 ? passed(report) : waiting(report);
};
