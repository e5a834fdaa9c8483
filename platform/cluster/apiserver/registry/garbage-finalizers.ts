// The finalizers by which the garbage collector is told what to do with dependents.
import type { KindStrategy } from '../../kinds/index.ts';
import type { DeleteOptions } from './delete-options.ts';

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

function shouldOrphan(strategy: KindStrategy, finalizers: readonly string[], options: DeleteOptions): boolean {
  if (options.orphanDependents !== undefined) return options.orphanDependents;
  if (options.propagationPolicy) return options.propagationPolicy === 'Orphan';
  if (finalizers.includes(ORPHAN)) return true;
  if (finalizers.includes(FOREGROUND)) return false;
  return strategy.deletion.defaultPropagation === 'Orphan';
}

function shouldWaitForDependents(finalizers: readonly string[], options: DeleteOptions): boolean {
  if (options.orphanDependents !== undefined) return false;
  if (options.propagationPolicy) return options.propagationPolicy === 'Foreground';
  return !finalizers.includes(ORPHAN) && finalizers.includes(FOREGROUND);
}

/** The finalizers that a deletion with these options leaves, or undefined when they stay as they are. */
export function garbageFinalizers(
  strategy: KindStrategy,
  finalizers: readonly string[],
  options: DeleteOptions,
): string[] | undefined {
  const orphan = shouldOrphan(strategy, finalizers, options);
  const foreground = shouldWaitForDependents(finalizers, options);
  if (orphan === finalizers.includes(ORPHAN) && foreground === finalizers.includes(FOREGROUND)) return undefined;
  const kept = finalizers.filter(finalizer => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  return [...kept, ...(orphan ? [ORPHAN] : []), ...(foreground ? [FOREGROUND] : [])];
}
