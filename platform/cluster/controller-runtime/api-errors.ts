// What the API's refusals mean to a controller, told by reason and not by text.
import { isApiError } from '../../kube/index.ts';

export const isNotFound = (error: unknown): boolean => isApiError(error, 'NotFound');
export const isConflict = (error: unknown): boolean => isApiError(error, 'Conflict');
export const isAlreadyExists = (error: unknown): boolean => isApiError(error, 'AlreadyExists');

/** A create that was refused because its namespace is being deleted: there is nothing to retry. */
export function isNamespaceTerminating(error: unknown): boolean {
  return isApiError(error, 'Forbidden') && error.message.includes('because it is being terminated');
}
