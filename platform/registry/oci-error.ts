// The error answers of the OCI distribution specification 1.1, section "Error Codes".
import type { ServerResponse } from 'node:http';

const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
} as const;

export type OciErrorCode = keyof typeof STATUS;

interface OciErrorOptions {
  /** Where the code's usual status is not the right one. */
  status?: number;
  headers?: Record<string, string>;
  detail?: unknown;
}

/** What a client is told; thrown anywhere below the front. */
export class OciError extends Error {
  readonly code: OciErrorCode;
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly detail: unknown;

  constructor(code: OciErrorCode, message: string, { status = STATUS[code], headers = {}, detail }: OciErrorOptions = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = headers;
    this.detail = detail;
  }
}

export function sendOciError(response: ServerResponse, error: OciError, { head }: { head: boolean }): void {
  const body = JSON.stringify({ errors: [{ code: error.code, message: error.message, detail: error.detail }] });
  response.writeHead(error.status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    ...error.headers,
  });
  response.end(head ? undefined : body);
}
