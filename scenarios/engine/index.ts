// The scenarios' door: load them, play them headless, or hold one live for the terminal UI.
export type { Baseline, HttpAnswer, RepositoryName, ScenarioContext, WorkingCopies } from './context.ts';
export { createScenarioContext, type ScenarioContextOptions } from './create-context.ts';
export { toJUnit } from './junit.ts';
export { loadScenarios } from './load-scenarios.ts';
export { type PlayOptions, playScenario } from './play-scenario.ts';
export type { CheckState, Scenario, ScenarioResult, ScenarioStep, StepResult } from './scenario.ts';
export { ScenarioSession, type SessionOptions, type SessionState, type SessionStep } from './session.ts';
