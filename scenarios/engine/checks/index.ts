// Every check that a scenario may use, by the name that stands in its YAML.
import { application } from './application.ts';
import type { Check } from './check.ts';
import { cluster } from './cluster.ts';
import { drift } from './drift.ts';
import { event } from './event.ts';
import { git } from './git.ts';
import { history } from './history.ts';
import { http } from './http.ts';
import { pipeline } from './pipeline.ts';
import { rebuilt } from './rebuilt.ts';
import { registry } from './registry.ts';

export type { CheckOutcome, CheckScope } from './check.ts';

export const checks: Record<string, Check> = {
  application,
  cluster,
  drift,
  event,
  git,
  history,
  http,
  pipeline,
  rebuilt,
  registry,
};
