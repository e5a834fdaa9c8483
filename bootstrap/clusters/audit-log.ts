// Who wrote what, from the audit log of a real API server: the policy that makes it tell enough, and a reader that follows the file.
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Logger } from '../../platform/core/index.ts';
import type { AuditedWrite, AuditSource } from '../../platform/gitops/index.ts';

/**
 * An audit.k8s.io/v1 Policy: writes with their answers, since those name the version that a watch shows too; Secrets without content;
 * nothing of what the cluster does to itself all the time.
 */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
  - level: None
    verbs: [get, list, watch]
  - level: None
    userGroups: ['system:nodes']
  - level: None
    users: ['system:kube-scheduler', 'system:kube-controller-manager', 'system:apiserver']
  - level: None
    resources:
      - group: ''
        resources: [events, endpoints, '*/status', serviceaccounts/token, pods/binding]
      - group: events.k8s.io
      - group: coordination.k8s.io
      - group: discovery.k8s.io
      - group: authentication.k8s.io
      - group: authorization.k8s.io
      - group: apps
        resources: ['*/status', controllerrevisions]
  - level: None
    userGroups: ['system:serviceaccounts:kube-system']
    resources:
      - group: ''
        resources: [pods]
      - group: apps
        resources: [replicasets]
  - level: Metadata
    resources:
      - group: ''
        resources: [secrets]
  - level: RequestResponse
    verbs: [create, update, patch, delete]
  - level: None
`;

const POLL_MS = 100;
const READ_BYTES = 256 * 1024;
/** A longer line is no event that anybody waits for; it is left out. */
const LONGEST_LINE_BYTES = 8 * 1024 * 1024;

interface AuditEvent {
  kind?: string;
  stage?: string;
  requestURI?: string;
  verb?: string;
  user?: { username?: string };
  impersonatedUser?: { username?: string };
  sourceIPs?: string[];
  userAgent?: string;
  objectRef?: { apiGroup?: string; resource?: string; subresource?: string; namespace?: string; name?: string; uid?: string };
  responseStatus?: { code?: number };
  requestReceivedTimestamp?: string;
  responseObject?: {
    metadata?: { name?: string; uid?: string; resourceVersion?: string };
    details?: { uid?: string };
  };
}

const WRITES = new Set(['create', 'update', 'patch', 'delete']);

/** The write that a line of the log tells of; undefined for anything else: reads, failures, dry runs, broken lines. */
export function auditedWrite(line: string): AuditedWrite | undefined {
  let event: AuditEvent;
  try {
    event = JSON.parse(line) as AuditEvent;
  } catch {
    return undefined;
  }
  const { stage, verb = '', objectRef, responseStatus, responseObject, requestURI = '' } = event;
  if (stage !== 'ResponseComplete' || !WRITES.has(verb) || !objectRef?.resource) return undefined;
  if ((responseStatus?.code ?? 0) >= 300 || /[?&]dryRun=/.test(requestURI)) return undefined;
  const answered = responseObject?.metadata;
  const name = objectRef.name ?? answered?.name;
  if (!name) return undefined;
  const uid = answered?.uid ?? responseObject?.details?.uid ?? objectRef.uid;
  const user = event.impersonatedUser?.username ?? event.user?.username;
  const sourceAddress = event.sourceIPs?.[0];
  return {
    group: objectRef.apiGroup ?? '',
    resource: objectRef.resource,
    name,
    ...(objectRef.namespace ? { namespace: objectRef.namespace } : {}),
    ...(uid ? { uid } : {}),
    ...(verb !== 'delete' && answered?.resourceVersion ? { resourceVersion: answered.resourceVersion } : {}),
    by: {
      verb,
      ...(user ? { user } : {}),
      ...(event.userAgent ? { client: event.userAgent } : {}),
      ...(sourceAddress ? { sourceAddress } : {}),
      ...(event.requestReceivedTimestamp ? { time: event.requestReceivedTimestamp } : {}),
    },
  };
}

/** Follows the log from its present end, over rotations. Polls, since a file that a virtual machine writes tells of no change. */
export class AuditLogTail implements AuditSource, AsyncDisposable {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #listeners = new Set<(write: AuditedWrite) => void>();
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES);
  #file: FileHandle | undefined;
  #position = 0;
  #rest: Buffer = Buffer.alloc(0);
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  static async start(path: string, logger: Logger): Promise<AuditLogTail> {
    const tail = new AuditLogTail(path, logger);
    tail.#file = await open(path, 'r').catch(() => undefined);
    tail.#position = (await tail.#file?.stat())?.size ?? 0;
    tail.#schedule();
    return tail;
  }

  follow(listener: (write: AuditedWrite) => void, { signal }: { signal: AbortSignal }): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#reading = this.#read()
        .catch(error => this.#logger.debug('the audit log could not be read', { error }))
        .finally(() => this.#schedule());
    }, POLL_MS).unref();
  }

  async #read(): Promise<void> {
    await this.#drain();
    const now = await stat(this.#path).catch(() => undefined);
    const opened = await this.#file?.stat();
    if (!now || (now.ino === opened?.ino && now.size >= this.#position)) return;
    // Rotated: what came to the old file between the two looks is read first.
    await this.#drain();
    await this.#file?.close();
    this.#file = await open(this.#path, 'r');
    this.#position = 0;
    this.#rest = Buffer.alloc(0);
    await this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#file && !this.#stopped) {
      const { bytesRead } = await this.#file.read(this.#buffer, 0, READ_BYTES, this.#position);
      if (bytesRead === 0) return;
      this.#position += bytesRead;
      this.#take(Buffer.concat([this.#rest, this.#buffer.subarray(0, bytesRead)]));
    }
  }

  #take(bytes: Buffer): void {
    let from = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const write = auditedWrite(bytes.toString('utf8', from, end));
      if (write) for (const listener of this.#listeners) listener(write);
      from = end + 1;
    }
    const left = bytes.subarray(from);
    this.#rest = left.length > LONGEST_LINE_BYTES ? Buffer.alloc(0) : Buffer.from(left);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#reading;
    await this.#file?.close();
    this.#file = undefined;
    this.#listeners.clear();
  }
}
