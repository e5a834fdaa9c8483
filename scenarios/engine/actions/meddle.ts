// Changes the cluster behind Git's back, by the Kubernetes API itself, and destroys it for the drill.
import type { Action } from './action.ts';

interface Target {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

export const patch: Action<Target & { merge: Record<string, unknown>; subresource?: string }> = async (
  { merge, subresource, ...ref },
  { context, signal },
) => {
  await context.cluster.patch(ref, merge, { type: 'merge', signal, ...(subresource ? { subresource } : {}) });
};

export const remove: Action<Target> = async (ref, { context, signal }) => {
  await context.cluster.delete(ref, { propagationPolicy: 'Background', signal });
};

export const rebuild: Action<{ user?: string }> = async ({ user }, { context, signal }) => {
  await context.api(user).rebuild({ signal });
};
