// Which screen is open.

export type View =
  | { kind: 'home' | 'drift' | 'pipeline' | 'help' | 'quit' | 'rebuild' | 'stop' }
  | { kind: 'application' | 'sync' | 'diff' | 'tree' | 'history' | 'logs'; app: string }
  | { kind: 'rollback'; app: string; id: number };
