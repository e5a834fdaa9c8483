// The foot line: the keys that matter here, as many as there is room for.
import type { View } from '../views/view.ts';
import { keyMap } from './key-map.ts';

/** Those that give way first when the terminal is narrow; help and the rest are behind `?`. */
const GIVE_WAY = ['pipeline', 'filter', 'tree', 'logs', 'history', 'diff', 'command'];

export function homeFoot({ pane, hasScenarios, columns }: { pane: string; hasScenarios: boolean; columns: number }): string {
  const scenario = pane === 'scenario';
  const items = keyMap.flatMap(({ action, keys, label, foot }) => {
    if (action === 'switchPane') return hasScenarios ? [{ action, text: `tab ${scenario ? 'environments' : 'scenario'}` }] : [];
    if (!foot || (scenario && action === 'open')) return [];
    const text = keys[0] === 'downArrow' ? `↑↓ ${scenario ? 'scroll' : foot}` : `${label} ${foot}`;
    return [{ action: action as string, text }];
  });
  for (const name of GIVE_WAY) {
    if (widthOf(items.map(item => item.text)) <= columns) break;
    const at = items.findIndex(item => item.action === name);
    if (at >= 0) items.splice(at, 1);
  }
  return joined(items.map(item => item.text));
}

/** Dialogs say themselves what they take. */
export function viewFoot(kind: View['kind']): string {
  switch (kind) {
    case 'home':
    case 'sync':
    case 'rollback':
    case 'rebuild':
    case 'stop':
    case 'quit':
      return '';
    case 'history':
      return joined(['↑↓ select', 'enter roll back', '/ filter', 'esc back']);
    case 'logs':
      return joined(['↑↓ scroll', '← → other pods', 'G newest', '/ filter', 'esc back']);
    case 'help':
    case 'drift':
    case 'pipeline':
    case 'application':
    case 'diff':
    case 'tree':
      return joined(['↑↓ scroll', '/ filter', 'esc back']);
  }
}

function joined(texts: string[]): string {
  return ` ${texts.join('  ')}`;
}

function widthOf(texts: string[]): number {
  return [...joined(texts)].length;
}
