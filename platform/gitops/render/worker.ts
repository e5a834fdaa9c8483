// The render worker: a thread of its own, so that a slow render never holds the event loop and can be ended from outside.
import { setFlagsFromString } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import type { WorkerAnswer, WorkerData, WorkerRequest } from './engine-protocol.ts';
import { KustomizeEngine } from './kustomize-engine.ts';

// By default V8 compiles the engine's functions anew, optimised, after a few renders: seconds of CPU and 50 MB while a platform
// starts. What the baseline compiler makes renders an overlay in some 20 ms, which is enough.
setFlagsFromString('--liftoff-only');

const { enginePath, cacheDir } = workerData as WorkerData;
const engine = KustomizeEngine.load(enginePath, cacheDir);
// A failed load is told with the first request's answer.
engine.catch(() => {});

parentPort?.on('message', async ({ id, request }: WorkerRequest) => {
  let answer: WorkerAnswer;
  try {
    answer = { id, results: (await engine).render(request) };
  } catch (error) {
    answer = { id, failure: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(answer);
});
