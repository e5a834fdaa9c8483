// An answer of the API server that is not a success, as an error to match by HTTP code and reason.
import { DarumaError } from '../core/index.ts';
import type { StatusObject } from './types.ts';

/** `status` is the HTTP code, `reason` Kubernetes' word for it: NotFound, AlreadyExists, Conflict, Invalid, Forbidden, Expired … */
export class KubeApiError extends DarumaError {
  readonly status: number;
  readonly reason: string;
  readonly details: StatusObject['details'];

  constructor(status: number, body: StatusObject, action: string) {
    super('KUBERNETES_API', body.message || `${action}: HTTP ${status}`);
    this.status = status;
    this.reason = body.reason ?? '';
    this.details = body.details;
  }
}

/** True when the error is an API answer with this reason (or HTTP code). */
export function isApiError(error: unknown, reason: string | number): error is KubeApiError {
  return error instanceof KubeApiError && (error.reason === reason || error.status === reason);
}
