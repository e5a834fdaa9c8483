// The terminal UI's door.
export type { ScenarioPort, ScenarioView } from './model/scenario-port.ts';
export { runTui, type TuiOptions } from './run-tui.tsx';
