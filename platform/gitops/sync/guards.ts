// What a sync or rollback by hand must satisfy before it may touch a guarded application.
import { DarumaError } from '../../core/index.ts';
import type { Role } from '../contract.ts';
import type { Application } from '../model/index.ts';

const RANK: Record<Role, number> = { bot: 0, developer: 1, lead: 2 };

/** @throws DarumaError FORBIDDEN, CONFIRMATION_NEEDED */
export function checkGuards(
  application: Application,
  { actor, role, confirm, dryRun }: { actor: string; role: Role; confirm?: string; dryRun?: boolean },
): void {
  if (dryRun) return;
  const { name, guard } = application;
  const needed = guard?.role ?? 'developer';
  if (RANK[role] < RANK[needed])
    throw new DarumaError('FORBIDDEN', `${actor} (${role}) may not change ${name}: it takes the role ${needed}`, {
      hint: `ask someone with the role ${needed}`,
    });
  if (guard?.confirm && confirm !== guard.confirm)
    throw new DarumaError(
      'CONFIRMATION_NEEDED',
      confirm === undefined || confirm === ''
        ? `${name} is guarded: type "${guard.confirm}" to confirm`
        : `"${confirm}" does not confirm ${name}: type "${guard.confirm}"`,
      { hint: `repeat the command with --confirm ${guard.confirm}`, data: { confirm: guard.confirm, role: guard.role } },
    );
}
