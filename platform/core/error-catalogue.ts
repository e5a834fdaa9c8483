// Every code that a DarumaError may carry, with what it means. docs/errors.md is generated from this list.

/** `exitCode` is the CLI's: 1 failed, 2 wrong use, 3 not running, 4 conflict with what runs or exists, 5 refused. */
interface ErrorEntry {
  meaning: string;
  exitCode: 1 | 2 | 3 | 4 | 5;
}

export const errorCatalogue = {
  USAGE: { meaning: 'A command was called with a flag or argument that it does not take.', exitCode: 2 },
  HOME_IN_USE: { meaning: 'Another daruma runs on the same home folder.', exitCode: 4 },
  HOME_NOT_WRITABLE: { meaning: 'The home folder cannot be written.', exitCode: 1 },
  DISK_FULL: { meaning: 'There is no space left where daruma writes.', exitCode: 1 },
  PORT_IN_USE: { meaning: 'A port that was asked for is taken by another program.', exitCode: 4 },
  GIT_MISSING: { meaning: 'The git program was not found or is too old.', exitCode: 1 },
  NOT_RUNNING: { meaning: 'No daruma answers on this home.', exitCode: 3 },
  NOT_FOUND: { meaning: 'The named thing does not exist.', exitCode: 1 },
  UNAUTHORIZED: { meaning: 'The credentials are missing or wrong.', exitCode: 5 },
  FORBIDDEN: { meaning: 'This user may not do that.', exitCode: 5 },
  CONFIRMATION_NEEDED: { meaning: 'The action is guarded and must be confirmed by its typed name.', exitCode: 5 },
  CONFLICT: { meaning: 'What exists contradicts the request.', exitCode: 4 },
  TIMEOUT: { meaning: 'A condition did not hold before its deadline.', exitCode: 1 },
  KUBERNETES_API: { meaning: 'The Kubernetes API server answered with an error.', exitCode: 1 },
  KUBERNETES_UNREACHABLE: { meaning: 'The Kubernetes API server cannot be reached.', exitCode: 1 },
  INVALID_INPUT: { meaning: 'A file or value does not have the form that it must have.', exitCode: 1 },
  UNSUPPORTED_FIELD: { meaning: 'A field of a known format is not implemented here.', exitCode: 1 },
  RENDER_FAILED: { meaning: 'The manifests of a revision could not be rendered.', exitCode: 1 },
  SYNC_FAILED: { meaning: 'A sync operation did not reach its end.', exitCode: 1 },
  PIPELINE_FAILED: { meaning: 'A pipeline run ended without success.', exitCode: 1 },
  STORE_DAMAGED: { meaning: 'Stored data is damaged or was written by a newer version.', exitCode: 1 },
  IMAGE_INVALID: { meaning: 'An image, its manifest or a digest is not as it must be.', exitCode: 1 },
  TOOL_MISSING: { meaning: 'A program that this cluster provider needs was not found.', exitCode: 1 },
  CHECK_FAILED: { meaning: 'A scenario step was not verified.', exitCode: 1 },
  INTERRUPTED: { meaning: 'The work was stopped by a signal or a shutdown.', exitCode: 1 },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
