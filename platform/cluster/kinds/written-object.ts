// Takes an object through the steps of a write as the API server does. For tests: it shows what a client would see.
import { builtinSchema, fieldErrorMessage, type JsonObject, roundTrip } from '../schema/index.ts';
import { clone } from './objects.ts';
import { strategyForKind } from './registry.ts';
import type { KindObject, KindStrategy } from './strategy.ts';

export const UID = '7f5a0f6e-0000-4000-8000-000000000001';
const context = { now: new Date('2026-01-01T00:00:00Z'), user: { name: 'admin', groups: ['system:masters'] } };

export interface Written {
  object: KindObject;
  /** The errors as one Status message would list them. */
  errors: string[];
  warnings: string[];
}

export function strategyOf({ apiVersion, kind }: { apiVersion: string; kind: string }): KindStrategy {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const strategy = strategyForKind(group, version, kind);
  if (!strategy) throw new Error(`no strategy for ${apiVersion} ${kind}`);
  return strategy;
}

function decoded(strategy: KindStrategy, body: object): KindObject {
  const object = clone(body) as KindObject;
  object.metadata ??= {};
  if (strategy.namespaced) object.metadata.namespace ??= 'team';
  const schema = builtinSchema(strategy.group, strategy.version, strategy.kind);
  if (schema) roundTrip(schema, object as unknown as JsonObject);
  strategy.applyDefaults(object);
  return object;
}

/** What a POST of `body` makes. */
export function created(body: { apiVersion: string; kind: string; [field: string]: unknown }): Written {
  const strategy = strategyOf(body);
  const object = decoded(strategy, { ...body, metadata: { ...(body['metadata'] as object | undefined), uid: UID } });
  strategy.prepareForCreate(object, context);
  return { object, errors: strategy.validateCreate(object).map(fieldErrorMessage), warnings: strategy.warnings(object) };
}

/** What an update that `change` describes makes of `previous`. */
export function updated(previous: KindObject, change: (next: KindObject) => void, subresource?: string): Written {
  const strategy = strategyOf(previous);
  const wanted = clone(previous);
  change(wanted);
  const next = decoded(strategy, wanted);
  if (subresource === 'status') {
    strategy.prepareForStatusUpdate(next, previous);
    return { object: next, errors: strategy.validateStatusUpdate(next, previous).map(fieldErrorMessage), warnings: [] };
  }
  const rules = subresource === undefined ? undefined : strategy.updates[subresource];
  if (rules) {
    rules.prepare(next, previous);
    return { object: next, errors: rules.validate(next, previous).map(fieldErrorMessage), warnings: [] };
  }
  strategy.prepareForUpdate(next, previous, context);
  return {
    object: next,
    errors: strategy.validateUpdate(next, previous).map(fieldErrorMessage),
    warnings: strategy.warnings(next, previous),
  };
}
