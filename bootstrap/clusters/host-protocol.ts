// What the appliance and its cluster host say to each other over the channel between parent and child.

import type { ErrorCode } from '../../platform/core/index.ts';
import type { AuditedWrite } from '../../platform/gitops/index.ts';

export interface HostRegistry {
  name: string;
  url: string;
  ca?: string;
  username: string;
  password: string;
}

export type ToHost =
  | { type: 'start'; dataDir: string; port: number; ingressPort: number; registry: HostRegistry; logFile: string }
  | { type: 'stop' };

export type FromHost =
  | { type: 'ready'; url: string; kubeconfigPath: string; ingressPort: number }
  | { type: 'audit'; writes: AuditedWrite[] }
  | { type: 'simulated'; pods: string[] }
  | { type: 'failed'; code: ErrorCode; message: string; hint?: string };
