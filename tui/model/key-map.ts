// Every key of the terminal UI as data: the handlers look it up here, and the help and the foot line are made from it.

export type ActionName =
  | 'up'
  | 'down'
  | 'open'
  | 'back'
  | 'sync'
  | 'dryRun'
  | 'diff'
  | 'tree'
  | 'history'
  | 'logs'
  | 'drift'
  | 'pipeline'
  | 'rollback'
  | 'refresh'
  | 'hint'
  | 'solve'
  | 'reset'
  | 'skip'
  | 'nextScenario'
  | 'previousScenario'
  | 'switchPane'
  | 'command'
  | 'filter'
  | 'help'
  | 'quit'
  | 'top'
  | 'bottom'
  | 'pageUp'
  | 'pageDown';

export interface KeyBinding {
  action: ActionName;
  /** As Ink names them, or a character. */
  keys: string[];
  /** As shown. */
  label: string;
  description: string;
  where: 'everywhere' | 'home' | 'scenario' | 'view';
  /** Short word for the foot line of the home screen; none: only in the help. */
  foot?: string;
}

export const keyMap: KeyBinding[] = [
  { action: 'up', keys: ['upArrow', 'k'], label: '↑ k', description: 'select the one above, scroll up', where: 'everywhere' },
  {
    action: 'down',
    keys: ['downArrow', 'j'],
    label: '↓ j',
    description: 'select the one below, scroll down',
    where: 'everywhere',
    foot: 'select',
  },
  { action: 'open', keys: ['return'], label: 'enter', description: 'open the selected application', where: 'home', foot: 'open' },
  { action: 'sync', keys: ['y'], label: 'y', description: 'sync the selected application', where: 'home', foot: 'sync' },
  { action: 'diff', keys: ['d'], label: 'd', description: 'what a sync would change', where: 'home', foot: 'diff' },
  { action: 'tree', keys: ['t'], label: 't', description: 'the resources and what they own', where: 'home', foot: 'tree' },
  {
    action: 'history',
    keys: ['i'],
    label: 'i',
    description: 'what was deployed, by whom; enter rolls back',
    where: 'home',
    foot: 'history',
  },
  { action: 'logs', keys: ['l'], label: 'l', description: 'the log of a pod', where: 'home', foot: 'logs' },
  { action: 'drift', keys: ['f'], label: 'f', description: 'what was changed behind Git, and by whom', where: 'home' },
  {
    action: 'pipeline',
    keys: ['p'],
    label: 'p',
    description: 'the log of the newest pipeline run',
    where: 'home',
    foot: 'pipeline',
  },
  { action: 'refresh', keys: ['R'], label: 'R', description: 'read everything anew', where: 'home' },
  { action: 'switchPane', keys: ['tab'], label: 'tab', description: 'switch between environments and scenario', where: 'home' },
  { action: 'hint', keys: ['h'], label: 'h', description: 'show a hint', where: 'scenario' },
  { action: 'solve', keys: ['s'], label: 's', description: 'do this step for me', where: 'scenario' },
  { action: 'reset', keys: ['r'], label: 'r', description: 'start the scenario over', where: 'scenario' },
  { action: 'skip', keys: ['n'], label: 'n', description: 'skip this step', where: 'scenario' },
  { action: 'nextScenario', keys: ['>', 'rightArrow'], label: '→ >', description: 'the next scenario', where: 'scenario' },
  { action: 'previousScenario', keys: ['<', 'leftArrow'], label: '← <', description: 'the scenario before', where: 'scenario' },
  { action: 'pageUp', keys: ['pageUp'], label: 'page up', description: 'a page up', where: 'view' },
  { action: 'pageDown', keys: ['pageDown', 'space'], label: 'page down', description: 'a page down', where: 'view' },
  { action: 'top', keys: ['g'], label: 'g', description: 'to the start', where: 'view' },
  { action: 'bottom', keys: ['G'], label: 'G', description: 'to the end', where: 'view' },
  { action: 'back', keys: ['escape'], label: 'esc', description: 'back', where: 'everywhere' },
  {
    action: 'command',
    keys: [':'],
    label: ':',
    description: 'type a command: sync, diff, history, logs, tree, drift, rollback, scenario, rebuild, quit',
    where: 'everywhere',
    foot: 'command',
  },
  {
    action: 'filter',
    keys: ['/'],
    label: '/',
    description: 'show only lines that contain a text',
    where: 'everywhere',
    foot: 'filter',
  },
  { action: 'help', keys: ['?'], label: '?', description: 'this help', where: 'everywhere' },
  { action: 'quit', keys: ['q'], label: 'q', description: 'back, or leave', where: 'everywhere', foot: 'quit' },
];

interface InkKey {
  [name: string]: boolean | string | undefined;
}

/** The action of a key press in a place, or undefined. */
export function actionOf(input: string, key: object, places: KeyBinding['where'][]): ActionName | undefined {
  const names = Object.entries(key as InkKey)
    .filter(([, pressed]) => pressed === true)
    .map(([name]) => name);
  const pressed = (wanted: string) =>
    wanted === 'space' ? input === ' ' : wanted.length === 1 ? input === wanted : names.includes(wanted);
  return keyMap.find(binding => places.includes(binding.where) && binding.keys.some(pressed))?.action;
}
