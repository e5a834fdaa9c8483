// Upgraded connections: exec, attach and port-forward, authorized like every other request.
import type { ApiParts } from '../api-parts.ts';
import type { AuditLog } from '../audit.ts';
import type { UpgradeHandler } from '../http-server.ts';

export function upgradeHandler(_parts: ApiParts, _audit: AuditLog, _signal: AbortSignal): UpgradeHandler {
  return (_request, socket) => socket.destroy();
}
