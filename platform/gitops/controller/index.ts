// The controller's door.
export { startGitops } from './gitops.ts';
