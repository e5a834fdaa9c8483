// The door of the API server: Kubernetes' HTTP API over a store.

export { type ApiServer, type ApiServerOptions, startApiServer } from './api-server.ts';
export { type AuditEntry, AuditLog } from './audit.ts';
export { readTokenFile, type StaticToken } from './authentication/static-tokens.ts';
