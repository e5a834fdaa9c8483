// Syncs and rolls back by the API, as one user or another, and proves that a guard refuses.
import { DarumaError, type ErrorCode, type HistoryView } from '../../../platform/core/index.ts';
import type { Action, ActionScope } from './action.ts';

export interface SyncParameters {
  application: string;
  user?: string;
  /** The typed name. */
  confirm?: string;
  prune?: boolean;
}

export const sync: Action<SyncParameters> = async ({ application, user, confirm, prune }, { context, signal }) => {
  const request = { ...(confirm ? { confirm } : {}), ...(prune ? { prune } : {}) };
  const result = await context.api(user).sync(application, request, { signal });
  if (result.phase !== 'Succeeded') {
    throw new DarumaError('SYNC_FAILED', `${application}: ${result.message}`, { hint: `daruma diff ${application}` });
  }
};

/** Passes when the sync is refused with this code. @throws CHECK_FAILED when the guard lets it through */
export const refused: Action<{ application: string; user: string; code: ErrorCode; confirm?: string }> = async (
  { application, user, code, confirm },
  { context, signal },
) => {
  try {
    await context.api(user).sync(application, confirm ? { confirm } : {}, { signal });
  } catch (error) {
    if (error instanceof DarumaError && error.code === code) return;
    throw error;
  }
  throw new DarumaError('CHECK_FAILED', `${application} let ${user} sync it; ${code} was expected`);
};

const tagOf = (image: string) => image.slice(image.lastIndexOf(':') + 1);

/** The newest entry of the history that ran other images than those of now. @throws CHECK_FAILED when there is none */
async function earlierVersion(application: string, { context, signal }: ActionScope): Promise<HistoryView> {
  const { images } = await context.api().application(application, { signal });
  const history = await context.api().history(application);
  const found = history.find(entry => entry.images.length > 0 && !entry.images.some(image => images.includes(image)));
  if (!found) {
    throw new DarumaError('CHECK_FAILED', `the history of ${application} has no entry of another version`, {
      hint: `daruma history ${application}`,
    });
  }
  return found;
}

/** Keeps id and version of the entry that a rollback would go to, as `<as>-id` and `<as>-version`. */
export const rememberEarlierVersion: Action<{ application: string; as: string }> = async ({ application, as }, scope) => {
  const entry = await earlierVersion(application, scope);
  scope.context.variables.set(`${as}-id`, String(entry.id));
  scope.context.variables.set(`${as}-version`, tagOf(entry.images[0] ?? ''));
};

export const rollback: Action<{ application: string; user?: string; id: string; confirm?: string }> = async (
  { application, user, id, confirm },
  { context },
) => {
  await context.api(user).rollback(application, { id: Number(id), ...(confirm ? { confirm } : {}) });
};
