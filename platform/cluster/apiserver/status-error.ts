// Kubernetes' Status answers: every refusal of the API server is one of these, in the words that clients match on.
import { type FieldError, fieldErrorMessage, toCause } from '../schema/index.ts';

export interface StatusCause {
  reason?: string;
  message?: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: StatusCause[];
  retryAfterSeconds?: number;
}

export interface StatusBody {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: Record<string, never>;
  status: 'Success' | 'Failure';
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

interface StatusParts {
  reason?: string;
  details?: StatusDetails;
  headers?: Record<string, string>;
  text?: string;
}

/** An answer that is a Status of failure. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string | undefined;
  readonly details: StatusDetails | undefined;
  readonly headers: Record<string, string>;
  /** The whole answer where the real server answers in plain text. */
  readonly text: string | undefined;

  constructor(code: number, message: string, { reason, details, headers = {}, text }: StatusParts = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.headers = headers;
    this.text = text;
  }

  get body(): StatusBody {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason ? { reason: this.reason } : {}),
      ...(this.details ? { details: this.details } : {}),
      code: this.code,
    };
  }
}

/** The resource that an error is about; `resource` is the plural, or a kind where Kubernetes puts one there. */
export interface ResourceName {
  group: string;
  resource: string;
}

export const qualified = (group: string, name: string): string => (group === '' ? name : `${name}.${group}`);

const about = ({ group, resource }: ResourceName, name: string): StatusDetails => ({
  ...(name ? { name } : {}),
  ...(group ? { group } : {}),
  ...(resource ? { kind: resource } : {}),
});

/** An error that carries no reason, as Go errors without a Status become. */
export const internal = (message: string): StatusError => new StatusError(500, message);

export const internalError = (message: string): StatusError =>
  new StatusError(500, `Internal error occurred: ${message}`, { reason: 'InternalError', details: { causes: [{ message }] } });

export const badRequest = (message: string): StatusError => new StatusError(400, message, { reason: 'BadRequest' });

export const unauthorized = (): StatusError => new StatusError(401, 'Unauthorized', { reason: 'Unauthorized' });

export function forbidden(resource: ResourceName, name: string, why: string): StatusError {
  const of = qualified(resource.group, resource.resource);
  const message = name ? `${of} "${name}" is forbidden: ${why}` : `${of} is forbidden: ${why}`;
  return new StatusError(403, message, { reason: 'Forbidden', details: about(resource, name) });
}

export function notFound(resource: ResourceName, name: string): StatusError {
  return new StatusError(404, `${qualified(resource.group, resource.resource)} "${name}" not found`, {
    reason: 'NotFound',
    details: about(resource, name),
  });
}

/** No route: the resource or subresource is not served. */
export const noSuchResource = (): StatusError =>
  new StatusError(404, 'the server could not find the requested resource', { reason: 'NotFound', details: {} });

export const methodNotAllowed = (): StatusError =>
  new StatusError(405, 'the server does not allow this method on the requested resource', {
    reason: 'MethodNotAllowed',
    details: {},
  });

export function alreadyExists(resource: ResourceName, name: string, { terminating = false } = {}): StatusError {
  const of = `${qualified(resource.group, resource.resource)} "${name}" already exists`;
  return new StatusError(409, terminating ? `object is being deleted: ${of}` : of, {
    reason: 'AlreadyExists',
    details: about(resource, name),
  });
}

export function conflict(resource: ResourceName, name: string, why: string): StatusError {
  return new StatusError(
    409,
    `Operation cannot be fulfilled on ${qualified(resource.group, resource.resource)} "${name}": ${why}`,
    {
      reason: 'Conflict',
      details: about(resource, name),
    },
  );
}

const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again';

export const modified = (resource: ResourceName, name: string): StatusError => conflict(resource, name, MODIFIED);

/** Validation failed. `kind` is the kind, not the plural. */
export function invalid(
  { group, kind }: { group: string; kind: string },
  name: string,
  errors: readonly FieldError[],
): StatusError {
  const messages = [...new Set(errors.map(fieldErrorMessage))];
  const text = messages.length === 1 ? messages[0] : `[${messages.join(', ')}]`;
  const causes = errors.map(toCause);
  return new StatusError(422, `${qualified(group, kind)} "${name}" is invalid: ${text}`, {
    reason: 'Invalid',
    details: { ...about({ group, resource: kind }, name), causes },
  });
}

/** A query parameter or the options body of a request does not hold. */
export const invalidOptions = (kind: string, errors: readonly FieldError[]): StatusError =>
  invalid({ group: 'meta.k8s.io', kind }, '', errors);

export const expired = (message: string): StatusError => new StatusError(410, message, { reason: 'Expired' });

export function tooLargeResourceVersion(wanted: string, current: number): StatusError {
  return new StatusError(504, `Timeout: Too large resource version: ${wanted}, current: ${current}`, {
    reason: 'Timeout',
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
    headers: { 'retry-after': '1' },
  });
}

export const unsupportedMediaType = (message: string): StatusError =>
  new StatusError(415, message, { reason: 'UnsupportedMediaType' });

export const notAcceptable = (supported: readonly string[]): StatusError =>
  new StatusError(406, `only the following media types are accepted: ${supported.join(', ')}`, { reason: 'NotAcceptable' });

export const tooManyRequests = (message: string, retryAfterSeconds?: number, causes?: StatusCause[]): StatusError =>
  new StatusError(429, message, {
    reason: 'TooManyRequests',
    details: { ...(causes ? { causes } : {}), ...(retryAfterSeconds ? { retryAfterSeconds } : {}) },
    ...(retryAfterSeconds ? { headers: { 'retry-after': String(retryAfterSeconds) } } : {}),
  });

export const entityTooLarge = (limitBytes: number): StatusError =>
  new StatusError(413, `limit is ${limitBytes}`, { reason: 'RequestEntityTooLarge' });

/** The answer of a deletion that returns no object. */
export function deleted(resource: ResourceName, name: string, uid: string): StatusBody {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...about(resource, name), uid },
  };
}
