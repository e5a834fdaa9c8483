// ConfigMaps and Secrets: data of any kind, small, optionally immutable.
import type { V1ConfigMap, V1Secret } from '@kubernetes/client-node';
import { DecodeError, decodeBody, type FieldError } from '../../schema/index.ts';
import { forbidden, IMMUTABLE, invalid, required, tooLong } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { configMapKey } from '../meta/names.ts';
import { ensure, type Loose, sameValue, setDefaultIfZero } from '../objects.ts';
import { age, nameOf } from '../tables/cells.ts';

type ConfigMap = Loose<V1ConfigMap>;
type Secret = Loose<V1Secret>;

const MAX_BYTES = 1024 * 1024;
const LOCKED = 'field is immutable when `immutable` is set';

const sorted = <V>(map: Record<string, V> | undefined): [string, V][] =>
  Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
const decodedBytes = (base64: string): number => Buffer.byteLength(String(base64), 'base64');

function validateConfigMap({ data, binaryData }: ConfigMap): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of sorted(data)) {
    errors.push(...configMapKey(key).map(message => invalid(`data[${key}]`, key, message)));
    if (binaryData && Object.hasOwn(binaryData, key))
      errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    bytes += Buffer.byteLength(String(value));
  }
  for (const [key, value] of sorted(binaryData)) {
    errors.push(...configMapKey(key).map(message => invalid(`binaryData[${key}]`, key, message)));
    bytes += decodedBytes(value);
  }
  if (bytes > MAX_BYTES) errors.push(tooLong('[]', MAX_BYTES));
  return errors;
}

function validateLocked<T extends { immutable?: boolean }>(
  next: T,
  previous: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!previous.immutable) return [];
  const errors = next.immutable ? [] : [forbidden('immutable', LOCKED)];
  for (const field of fields) if (!sameValue(next[field], previous[field])) errors.push(forbidden(field, LOCKED));
  return errors;
}

export const configMapRules: KindRules = rulesFor<ConfigMap>({
  validateUpdate: (next, previous) => [...validateLocked(next, previous, ['data', 'binaryData']), ...validateConfigMap(next)],
  validate: validateConfigMap,
  cells: (obj, now) => [
    nameOf(obj),
    Object.keys(obj.data ?? {}).length + Object.keys(obj.binaryData ?? {}).length,
    age(obj, now),
  ],
});

/** Go's complaint about text that is no JSON; undefined for JSON. */
function jsonComplaint(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    try {
      decodeBody(Buffer.from(text), 'application/json');
    } catch (error) {
      const found = error instanceof DecodeError ? /json parse error: (.*)$/s.exec(error.message) : null;
      if (found?.[1]) return found[1];
    }
    return 'unexpected end of JSON input';
  }
}

function validateDockerConfig(secret: Secret, key: string): FieldError[] {
  const value = secret.data?.[key];
  if (value === undefined) return [required(`data[${key}]`)];
  const complaint = jsonComplaint(Buffer.from(value, 'base64').toString());
  return complaint === undefined ? [] : [invalid(`data[${key}]`, '<secret contents redacted>', complaint)];
}

const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';

function validateType(secret: Secret): FieldError[] {
  const missing = (key: string): FieldError[] => (secret.data?.[key] === undefined ? [required(`data[${key}]`)] : []);
  switch (secret.type) {
    case 'kubernetes.io/service-account-token':
      return secret.metadata?.annotations?.[ACCOUNT_ANNOTATION] ? [] : [required(`metadata.annotations[${ACCOUNT_ANNOTATION}]`)];
    case 'kubernetes.io/dockercfg':
      return validateDockerConfig(secret, '.dockercfg');
    case 'kubernetes.io/dockerconfigjson':
      return validateDockerConfig(secret, '.dockerconfigjson');
    case 'kubernetes.io/basic-auth': {
      const absent = [...missing('username'), ...missing('password')];
      return absent.length === 2 ? absent : [];
    }
    case 'kubernetes.io/ssh-auth':
      return secret.data?.['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')];
    case 'kubernetes.io/tls':
      return [...missing('tls.crt'), ...missing('tls.key')];
    default:
      return [];
  }
}

function validateSecret(secret: Secret): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of sorted(secret.data)) {
    errors.push(...configMapKey(key).map(message => invalid(`data[${key}]`, key, message)));
    bytes += decodedBytes(value);
  }
  if (bytes > MAX_BYTES) errors.push(tooLong('data', MAX_BYTES));
  return [...errors, ...validateType(secret)];
}

export const secretRules: KindRules = rulesFor<Secret>({
  defaults(secret) {
    for (const [key, text] of Object.entries(secret.stringData ?? {})) {
      ensure(secret, 'data')[key] = Buffer.from(String(text)).toString('base64');
    }
    delete secret.stringData;
    setDefaultIfZero(secret, 'type', 'Opaque');
  },
  validate: validateSecret,
  validateUpdate: (next, previous) => [
    ...(next.type === previous.type ? [] : [invalid('type', next.type, IMMUTABLE)]),
    ...validateLocked(next, previous, ['data']),
    ...validateSecret(next),
  ],
  cells: (obj, now) => [nameOf(obj), obj.type ?? '', Object.keys(obj.data ?? {}).length, age(obj, now)],
  selectableFields: secret => ({ type: secret.type ?? '' }),
});
