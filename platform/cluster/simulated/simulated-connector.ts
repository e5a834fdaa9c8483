// Fixed answers in place of a pod's streams, which say that nothing runs.
import { PassThrough, Readable } from 'node:stream';
import { DarumaError } from '../../core/index.ts';
import type { ExecSession, PodConnector } from '../pod-connector.ts';

const NOTHING_RUNS = 'this pod is simulated: no process runs in it\n';

export function simulatedConnector(): PodConnector {
  return {
    async *logs() {
      yield new TextEncoder().encode(NOTHING_RUNS);
    },
    async exec(): Promise<ExecSession> {
      return {
        stdout: Readable.from([]),
        stderr: Readable.from([NOTHING_RUNS]),
        stdin: new PassThrough().resume(),
        resize: () => {},
        exit: Promise.resolve({ code: 1, message: NOTHING_RUNS.trim() }),
        kill: () => {},
      };
    },
    async portForward({ namespace, name }) {
      throw new DarumaError('NOT_FOUND', `pod ${namespace}/${name} is simulated: nothing listens in it`);
    },
  };
}
