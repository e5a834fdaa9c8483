// The one error type that users meet: a code to match, a message that says which and what, a hint that mends it.
import type { ErrorCode } from './error-catalogue.ts';

interface DarumaErrorOptions {
  /** The command or field that mends it. */
  hint?: string;
  cause?: unknown;
  /** Facts for programs; never a secret. */
  data?: Record<string, unknown>;
}

/** An expected failure. Programmer mistakes are plain `Error`s. Match by `code`, never by text. */
export class DarumaError extends Error {
  override readonly name = 'DarumaError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly data: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, { hint, cause, data }: DarumaErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
    this.data = data;
  }
}

/** The message of anything that was thrown, for logs and events. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
