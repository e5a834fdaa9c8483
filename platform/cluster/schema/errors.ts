// The errors of reading, patching and applying objects, worded as the real API server words them.
// They are plain facts for the API server, which alone turns them into Status answers.

export type FieldErrorType =
  | 'Required value'
  | 'Invalid value'
  | 'Unsupported value'
  | 'Forbidden'
  | 'Duplicate value'
  | 'Too long'
  | 'Too many'
  | 'Not found'
  | 'Internal error'
  | 'Type';

/** One validation failure, as k8s.io/apimachinery/pkg/util/validation/field has it. `field` is a path such as `spec.ports[0].port`. */
export interface FieldError {
  type: FieldErrorType;
  field: string;
  /** Shown for the types that name a value; `undefined` shows as null. */
  badValue?: unknown;
  detail: string;
}

/** A body that could not be read. `code` is the HTTP status that the real server answers, `message` its whole text. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly code: 400 | 415 | 422 | 500;
  constructor(message: string, code: 400 | 415 | 422 | 500 = 400) {
    super(message);
    this.code = code;
  }
}

/**
 * A patch that could not be applied. 400: not a patch; 500: a bad directive or an object that the schema does not admit;
 * 422 without a message of its own: the real server hides it ("the server rejected our request due to an error in our request").
 */
export class PatchError extends Error {
  override readonly name = 'PatchError';
  readonly code: 400 | 413 | 422 | 500;
  constructor(code: 400 | 413 | 422 | 500, message: string) {
    super(message);
    this.code = code;
  }
}

export interface FieldConflict {
  /** The manager's own name. */
  manager: string;
  /** The path, such as `.spec.template.spec.containers[name="x"].image`. */
  field: string;
  /** `conflict with "one"`, or with subresource, version and time for managers that update. */
  message: string;
}

/** Server-side apply met fields of other managers (HTTP 409); `message` is the whole text, `conflicts` become the causes. */
export class ApplyConflict extends Error {
  override readonly name = 'ApplyConflict';
  readonly conflicts: readonly FieldConflict[];
  constructor(message: string, conflicts: readonly FieldConflict[]) {
    super(message);
    this.conflicts = conflicts;
  }
}
