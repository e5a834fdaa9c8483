// The `:` commands: a word, and an application by its name or its environment.
import type { ApplicationView } from '../../platform/api/index.ts';
import type { View } from '../views/view.ts';
import type { ActionName } from './key-map.ts';

interface Command {
  action?: ActionName;
  app?: string;
  view?: View;
  scenario?: number;
}

const ON_APPLICATIONS: Record<string, ActionName> = {
  sync: 'sync',
  diff: 'diff',
  tree: 'tree',
  history: 'history',
  logs: 'logs',
  open: 'open',
  app: 'open',
};
const ALONE: Record<string, ActionName> = {
  drift: 'drift',
  pipeline: 'pipeline',
  help: 'help',
  solve: 'solve',
  hint: 'hint',
  skip: 'skip',
  reset: 'reset',
  refresh: 'refresh',
  keys: 'help',
  quit: 'quit',
  q: 'quit',
};

/** What a typed command means, or a sentence that says why it means nothing. */
export function parseCommand(text: string, applications: ApplicationView[]): Command | { error: string } {
  const [word = '', name, extra] = text.trim().split(/\s+/);
  if (word === 'scenario') {
    const number = Number(name);
    return Number.isInteger(number) && number > 0 ? { scenario: number } : { error: 'scenario takes a number: scenario 2' };
  }
  if (word === 'rebuild') return { view: { kind: 'rebuild' } };
  if (word === 'stop') return { view: { kind: 'stop' } };
  const app = name === undefined ? undefined : applications.find(one => one.name === name || one.environment === name);
  if (name !== undefined && !app)
    return { error: `there is no application ${name}: ${applications.map(one => one.environment || one.name).join(', ')}` };
  if (word === 'rollback') {
    if (!app || !/^\d+$/.test(extra ?? ''))
      return { error: 'rollback takes an application and an id of its history: rollback dev 2' };
    return { view: { kind: 'rollback', app: app.name, id: Number(extra) } };
  }
  const action = ON_APPLICATIONS[word] ?? ALONE[word];
  if (!action) return { error: `there is no command ${word}: ? lists them` };
  return { action, ...(app ? { app: app.name } : {}) };
}
