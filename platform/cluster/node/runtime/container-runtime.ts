// How a container becomes a process: one interface, two ways to keep it (user namespaces on Linux, plain processes anywhere).
import type { Readable, Writable } from 'node:stream';
import type { ExecOptions, ExecSession } from '../../pod-connector.ts';
import type { LocalImage } from '../images/index.ts';

export interface ContainerMount {
  hostPath: string;
  containerPath: string;
  readOnly: boolean;
}

export interface ContainerRequest {
  image: LocalImage;
  /** A folder of this container alone, which the runtime fills and `remove` deletes. */
  folder: string;
  command: string[];
  /** All of it; nothing is inherited from this process. */
  env: Record<string, string>;
  /** Variables that depend on where the shim lies for the process. */
  networkEnv: (shimPath: string) => Record<string, string>;
  shimPath: string;
  workingDir: string;
  hostname: string;
  mounts: ContainerMount[];
  /** Contents of /etc/hosts and the like, for runtimes that have a root of their own. */
  files: Record<string, string>;
  readOnlyRoot: boolean;
  /** Its input is kept open for who attaches; without, it is empty. */
  stdin?: boolean;
}

/** A container that was started. Nobody else waits for its process. */
export interface RunningContainer {
  /** The process that leads it, on this host. */
  pid: number;
  /** Where the request asked for one. */
  stdin?: Writable;
  stdout: Readable;
  stderr: Readable;
  /** Resolves once, when the leading process has ended and all others of the container were ended. Never rejects. */
  exit: Promise<{ code: number; signal?: NodeJS.Signals }>;
  /** To the leading process alone, as runtimes do. */
  signal(signal: NodeJS.Signals): void;
  /** Ends every process of the container at once. */
  kill(): void;
  exec(options: ExecOptions): Promise<ExecSession>;
  /** Removes the container's folder after its end. */
  remove(): Promise<void>;
}

export interface ContainerRuntime {
  readonly name: 'userns' | 'plain';
  /** Why containers of this image cannot run here, or undefined when they can. */
  obstacle(image: LocalImage, command: string[]): Promise<string | undefined>;
  /** @throws ContainerStartError when the command cannot be started */
  start(request: ContainerRequest): Promise<RunningContainer>;
}

/** The container's own fault, which its status shows: a command that is not there, say. */
export class ContainerStartError extends Error {
  override readonly name = 'ContainerStartError';
}
