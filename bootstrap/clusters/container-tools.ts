// The programs behind `--cluster kind`: a container runtime whose server answers, and kind itself. Says in one line what is missing.
import { ExecaError, execa } from 'execa';
import { DarumaError } from '../../platform/core/index.ts';

const RUNTIMES = ['docker', 'podman', 'nerdctl'] as const;
export type ContainerRuntime = (typeof RUNTIMES)[number];

const WITHOUT = 'or use the embedded cluster, which needs neither: daruma up on another --home';
const PROBE_TIMEOUT_MS = 15_000;
const CALL_TIMEOUT_MS = 120_000;
const KEPT_LINES = 40;

export interface CallOptions {
  signal?: AbortSignal;
}

export interface KindCallOptions extends CallOptions {
  onLine?: (line: string) => void;
  onStart?: (pid: number) => void;
}

/** Found programs. Calls throw DarumaError with what the program itself said. */
export class ContainerTools {
  readonly runtime: ContainerRuntime;
  readonly kindVersion: string;

  /** The network that kind puts nodes into. */
  get network(): string {
    return process.env[`KIND_EXPERIMENTAL_${this.runtime.toUpperCase()}_NETWORK`] || 'kind';
  }

  private constructor(runtime: ContainerRuntime, kindVersion: string) {
    this.runtime = runtime;
    this.kindVersion = kindVersion;
  }

  /**
   * `runtime` insists on one; otherwise KIND_EXPERIMENTAL_PROVIDER does, else the first of docker, podman, nerdctl that answers.
   * @throws DarumaError TOOL_MISSING
   */
  static async find({ runtime, signal }: CallOptions & { runtime?: ContainerRuntime } = {}): Promise<ContainerTools> {
    const asked = runtime ?? process.env['KIND_EXPERIMENTAL_PROVIDER'];
    const candidates = RUNTIMES.filter(name => !asked || name === asked);
    if (candidates.length === 0)
      throw new DarumaError('TOOL_MISSING', `KIND_EXPERIMENTAL_PROVIDER names ${asked}, which is no container runtime of kind`, {
        hint: `unset it, or set it to one of ${RUNTIMES.join(', ')}`,
      });
    const silent: string[] = [];
    for (const candidate of candidates) {
      const found = await probe(candidate, ['ps', '-q'], signal);
      if (found === 'missing') continue;
      if (typeof found === 'object') {
        silent.push(`${candidate} is installed, but its server does not answer: ${found.said}`);
        continue;
      }
      const version = await probe('kind', ['version', '-q'], signal);
      if (typeof version === 'string' && version !== 'missing') return new ContainerTools(candidate, version);
      throw new DarumaError('TOOL_MISSING', 'kind was not found', {
        hint: `install it (https://kind.sigs.k8s.io/docs/user/quick-start/#installation), ${WITHOUT}`,
      });
    }
    throw new DarumaError('TOOL_MISSING', silent[0] ?? `kind needs a container runtime; ${candidates.join(', ')} not found`, {
      hint: `${silent.length > 0 ? 'start it' : 'install Docker (https://docs.docker.com/get-docker/)'}, ${WITHOUT}`,
    });
  }

  /** Runs the container runtime; resolves to its output. */
  async container(args: string[], { signal }: CallOptions = {}): Promise<string> {
    try {
      const { stdout } = await execa(this.runtime, args, {
        stdin: 'ignore',
        timeout: CALL_TIMEOUT_MS,
        ...(signal ? { cancelSignal: signal } : {}),
      });
      return stdout;
    } catch (cause) {
      signal?.throwIfAborted();
      const said = cause instanceof ExecaError ? lastLine(String(cause.stderr)) || cause.shortMessage : String(cause);
      throw new DarumaError('KUBERNETES_UNREACHABLE', `${this.runtime} ${args[0]}: ${said}`, { cause });
    }
  }

  /** Runs kind; `onLine` gets what it tells meanwhile, `onStart` its process id. */
  async kind(args: string[], { signal, onLine, onStart }: KindCallOptions = {}): Promise<string> {
    const lines: string[] = [];
    const child = execa('kind', args, {
      stdin: 'ignore',
      env: { KIND_EXPERIMENTAL_PROVIDER: this.runtime, NO_COLOR: '1' },
      ...(signal ? { cancelSignal: signal } : {}),
    });
    if (child.pid) onStart?.(child.pid);
    const reading = (async () => {
      for await (const line of child.iterable({ from: 'stderr' })) {
        lines.push(String(line));
        if (lines.length > KEPT_LINES) lines.shift();
        onLine?.(String(line));
      }
    })().catch(() => {});
    try {
      const { stdout } = await child;
      return stdout;
    } catch (cause) {
      await reading;
      signal?.throwIfAborted();
      throw kindFailure(args, lines, cause);
    }
  }
}

/** What kind failed of, as a user can act on it. */
export function kindFailure(args: string[], lines: string[], cause?: unknown): DarumaError {
  const text = lines.join('\n');
  const error = lines.find(line => line.startsWith('ERROR:'))?.replace(/^ERROR:\s*/, '') ?? lastLine(text);
  const message = `kind ${args.slice(0, 2).join(' ')}: ${error || 'failed'}`;
  if (/port is already allocated|address already in use/.test(text))
    return new DarumaError('PORT_IN_USE', `${message}: ${lastMatching(lines, /already/)}`, {
      hint: 'daruma up --cluster-port PORT takes another one',
      data: { of: 'cluster' },
      cause,
    });
  if (/failed to pull image/.test(text))
    return new DarumaError('NOT_FOUND', message, {
      hint: 'without a network, name a node image that is there: --image IMAGE (docker images lists them)',
      cause,
    });
  return new DarumaError('KUBERNETES_UNREACHABLE', message, { hint: 'daruma logs cluster shows all that kind said', cause });
}

/** `Preparing nodes` from ` • Preparing nodes 📦  ...`; undefined for lines that tell no step. */
export function kindStep(line: string): string | undefined {
  const step = /^\s*•\s+(.*?)\s*(\.\.\.)?\s*$/u.exec(line)?.[1];
  return step?.replace(/(\p{Extended_Pictographic}|\u{fe0f})/gu, '').trim() || undefined;
}

async function probe(file: string, args: string[], signal?: AbortSignal): Promise<string | 'missing' | { said: string }> {
  const result = await execa(file, args, {
    reject: false,
    stdin: 'ignore',
    timeout: PROBE_TIMEOUT_MS,
    ...(signal ? { cancelSignal: signal } : {}),
  });
  signal?.throwIfAborted();
  if (result.code === 'ENOENT' || result.code === 'EACCES') return 'missing';
  return result.exitCode === 0 ? result.stdout.trim() : { said: lastLine(result.stderr) || 'no answer' };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}

function lastMatching(lines: string[], pattern: RegExp): string {
  return lines.findLast(line => pattern.test(line))?.trim() ?? '';
}
