export { attachSession } from './attach-session.ts';
export { chooseRuntime } from './choose-runtime.ts';
export type { ContainerMount, ContainerRequest, ContainerRuntime, RunningContainer } from './container-runtime.ts';
export { ContainerStartError } from './container-runtime.ts';
export { sweepProcesses } from './sweep.ts';
