// Every action that a scenario may use, by the name that stands in its YAML. `await` and `unless` live in the engine itself.
import type { Action } from './action.ts';
import { change, prepareWorkingCopies, push, release, revert } from './change.ts';
import { refused, rememberEarlierVersion, rollback, sync } from './deploy.ts';
import { patch, rebuild, remove } from './meddle.ts';

export type { ActionScope } from './action.ts';

export const actions: Record<string, Action> = {
  change,
  patch,
  prepareWorkingCopies,
  push,
  rebuild,
  refused,
  release,
  rememberEarlierVersion,
  remove,
  revert,
  rollback,
  sync,
};
