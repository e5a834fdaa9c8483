// The seam between the API server and the node: how a pod's streams are reached. The API server speaks to clients, the node to processes.
import type { Duplex, Readable, Writable } from 'node:stream';

export interface PodTarget {
  namespace: string;
  name: string;
  /** The only container of the pod when absent; the API server has checked that it exists. */
  container?: string;
}

export interface LogOptions {
  follow?: boolean;
  previous?: boolean;
  timestamps?: boolean;
  tailLines?: number;
  limitBytes?: number;
  sinceSeconds?: number;
  sinceTime?: string;
  signal: AbortSignal;
}

export interface ExecOptions {
  /** Empty: attach to the container's own process. */
  command: string[];
  stdin: boolean;
  tty: boolean;
}

/** A command that runs in a container. `exit` resolves once, when the process and its output have ended; it never rejects. */
export interface ExecSession {
  stdin?: Writable;
  stdout: Readable;
  stderr?: Readable;
  resize(columns: number, rows: number): void;
  exit: Promise<{ code: number; message?: string }>;
  /** Ends the process, when the client has gone. */
  kill(): void;
}

/** Implemented by the node (real processes) and by simulated nodes (fixed answers). @throws DarumaError NOT_FOUND when the pod does not run here. */
export interface PodConnector {
  logs(target: PodTarget, options: LogOptions): AsyncIterable<Uint8Array>;
  exec(target: PodTarget, options: ExecOptions): Promise<ExecSession>;
  /** A connection to a port of the pod. @throws when nothing listens there. */
  portForward(target: PodTarget, port: number): Promise<Duplex>;
}
