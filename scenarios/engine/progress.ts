// How far the learner is, kept in the home so that the next start goes on there.
import { readFileIfExists, writeFileAtomic } from '../../platform/core/index.ts';
import type { Baseline } from './context.ts';

export interface Progress {
  scenario: string;
  /** Index of the current step. */
  step: number;
  /** Indices of the steps of this scenario that the learner went past. */
  skipped: number[];
  /** Scenarios that were played to their end. */
  done: string[];
  variables: Record<string, string>;
  /** Of the current step; absent: its setup has not run yet. */
  baseline?: Baseline;
}

/** Undefined when there is none, or when it cannot be read: then the learner starts anew. */
export async function readProgress(path: string): Promise<Progress | undefined> {
  const text = await readFileIfExists(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Progress;
  } catch {
    return undefined;
  }
}

export async function writeProgress(path: string, progress: Progress): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(progress, null, 2)}\n`);
}
