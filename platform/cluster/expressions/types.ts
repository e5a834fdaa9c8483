// What goes to the expression engine and what comes back.
import type { FieldError } from '../schema/index.ts';

/** Compiled rules of one version's schema. Released by its owner; using it afterwards is a mistake. */
export interface SchemaRules {
  /** With a previous state transition rules apply, and errors of what did not change are warnings (ratcheting). */
  validate(object: object, previous?: object): { errors: FieldError[]; warnings: string[] };
  release(): void;
}

export interface ServedKind {
  group: string;
  version: string;
  /** The plural. */
  resource: string;
  /** Of the objects: another group and version than the resource's for a scale. */
  kind: { group: string; version: string; kind: string };
}

/** One admission request as policies see it. */
export interface PolicyRequest {
  /** Null for deletions. */
  object: object | null;
  oldObject: object | null;
  /** The policy is evaluated once for each of these; null means without parameters. */
  params: (object | null)[];
  namespaceObject: object | null;
  requested: ServedKind;
  /** What the policy's rules matched: the same, or an equivalent of it, of which the objects then are. */
  matched: ServedKind;
  subresource: string;
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  name: string;
  namespace: string;
  dryRun: boolean;
  options: object | null;
  user: { name: string; uid: string; groups: readonly string[]; extra: Record<string, string[]> };
}

export interface PolicyDecision {
  action: 'admit' | 'deny';
  message?: string;
  reason?: string;
  /** Which of the policy's validations. */
  index: number;
}

export interface PolicyAnnotation {
  action: 'publish' | 'error' | 'exclude';
  key: string;
  value?: string;
  error?: string;
}

export interface PolicyVerdict {
  decisions: PolicyDecision[];
  annotations: PolicyAnnotation[];
}

/** A compiled policy. Released by its owner. */
export interface CompiledPolicy {
  /** One verdict for each of the request's parameters. Expressions that fail follow the policy's failurePolicy. */
  evaluate(request: PolicyRequest): PolicyVerdict[];
  release(): void;
}
