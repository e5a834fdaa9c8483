// Deployments, kept in Git: recorded after each sync, read at start, and restored by a rollback that is a commit.
export { recordDeployment } from './record-deployment.ts';
export { planRollback, type RollbackPlan } from './rollback.ts';
