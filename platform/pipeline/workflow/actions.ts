// The actions that a workflow may use, with the inputs that each understands. Nothing is downloaded.

export const SUPPORTED_ACTIONS: Record<string, readonly string[] | undefined> = {
  'actions/checkout': ['path', 'fetch-depth', 'clean', 'persist-credentials'],
  'actions/setup-node': ['node-version', 'cache', 'check-latest', 'cache-dependency-path'],
  'docker/setup-buildx-action': [],
  'docker/login-action': ['registry', 'username', 'password', 'logout'],
  'docker/build-push-action': ['context', 'file', 'push', 'tags'],
};
