// Is an application as Git wants it, and does it run what it should?
import type { ApplicationView, HealthState, SyncState } from '../../../platform/core/index.ts';
import type { RepositoryName } from '../context.ts';
import { type Check, passed, waiting } from './check.ts';

export interface ApplicationParameters {
  name: string;
  sync?: SyncState;
  health?: HealthState | HealthState[];
  /** Its image is of this repository's newest commit (or, `not`, of another one). */
  runs?: { headOf: RepositoryName; not?: boolean };
  behind?: boolean;
}

const stateOf = (app: ApplicationView) =>
  `${app.sync}, ${app.health}, ${app.replicas.ready}/${app.replicas.wanted} ready${app.message ? `: ${app.message}` : ''}`;

export const application: Check<ApplicationParameters> = async (parameters, scope) => {
  const { name, sync, health, runs, behind } = parameters;
  const app = await scope.context.api().application(name, scope);
  const state = `${name} is ${stateOf(app)}`;
  if (sync && app.sync !== sync) return waiting(state);
  if (health && ![health].flat().includes(app.health)) return waiting(state);
  if (behind !== undefined && app.behind > 0 !== behind) return waiting(`${name} is ${app.behind} behind Git`);
  if (runs) {
    const head = await scope.head(runs.headOf);
    const current = app.images.some(image => image.includes(`:${head}`));
    if (current === Boolean(runs.not)) return waiting(`${name} runs ${app.images.map(tagOf).join(', ') || 'no image'}`);
  }
  return passed(state);
};

const tagOf = (image: string) => image.slice(image.lastIndexOf(':') + 1).slice(0, 7);
