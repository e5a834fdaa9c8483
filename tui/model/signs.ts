// The daruma's eyes and the other signs: glyph, plain form, colour and word, chosen in one place.
import type { ApplicationView, RunView } from '../../platform/api/index.ts';

export interface Sign {
  glyph: string;
  colour: string;
  word: string;
}

export type SignSet = 'unicode' | 'plain';

/** Left eye: the goal in Git. Right eye: the state in the cluster. */
export function eyesOf(app: Pick<ApplicationView, 'sync' | 'health' | 'drift'>, set: SignSet): Sign {
  const open = app.drift.some(one => one.healedAt === undefined);
  const sign = (unicode: string, plain: string, colour: string, word: string): Sign => ({
    glyph: set === 'unicode' ? unicode : plain,
    colour,
    word,
  });
  if (app.health === 'Degraded') return sign('(●×)', '[ox]', 'red', 'Degraded');
  if (open && app.sync !== 'Synced') return sign('(●≠)', '[o!]', 'magenta', 'Drifted');
  if (app.sync === 'OutOfSync') return sign('(●○)', '[o.]', 'yellow', 'OutOfSync');
  if (app.health === 'Progressing' || app.health === 'Missing') return sign('(●◐)', '[o~]', 'cyan', 'Progressing');
  if (app.sync === 'Synced' && app.health !== 'Unknown') return sign('(●●)', '[oo]', 'green', 'Synced');
  return sign('(○○)', '[..]', 'gray', 'Unknown');
}

/** The worst of all applications, for the head line. */
export function eyesOfAll(apps: ApplicationView[], set: SignSet): Sign {
  const order = ['Degraded', 'Drifted', 'Progressing', 'OutOfSync', 'Unknown', 'Synced'];
  const signs = apps.map(app => eyesOf(app, set)).sort((a, b) => order.indexOf(a.word) - order.indexOf(b.word));
  return signs[0] ?? eyesOf({ sync: 'Unknown', health: 'Unknown', drift: [] }, set);
}

export function markOf(state: RunView['state'] | 'skipped' | 'done' | 'open', set: SignSet): Sign {
  const sign = (unicode: string, plain: string, colour: string): Sign => ({
    glyph: set === 'unicode' ? unicode : plain,
    colour,
    word: state,
  });
  switch (state) {
    case 'success':
    case 'done':
      return sign('✓', 'v', 'green');
    case 'failure':
      return sign('✗', 'x', 'red');
    case 'running':
      return sign('◐', '~', 'cyan');
    case 'queued':
    case 'open':
      return sign('○', '.', 'gray');
    case 'cancelled':
    case 'skipped':
      return sign('–', '-', 'gray');
  }
}
