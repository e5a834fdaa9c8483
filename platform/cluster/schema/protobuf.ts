// Decodes Kubernetes' protobuf bodies (`k8s\0` and a runtime.Unknown) into the JSON form of their objects. Nothing is encoded:
// clients that send protobuf accept JSON answers.
import { componentName, componentSchema } from './builtin-schema.ts';
import { DecodeError } from './errors.ts';
import { isObject, type JsonObject, setKey } from './json-values.ts';
import { type ProtobufField, protobufMessages } from './kubernetes-data.ts';
import { noProperties, type TypeSchema } from './type-schema.ts';
import { WireReader } from './wire-reader.ts';

const magic = [0x6b, 0x38, 0x73, 0x00];
const maxDepth = 200;
const unknownMessage = 'k8s.io.apimachinery.pkg.runtime.Unknown';

export interface ProtobufBody {
  value: JsonObject;
  typeMeta: { apiVersion: string; kind: string };
}

/** @throws DecodeError 400 when it is no such body or this release has no such kind */
export function readProtobuf(bytes: Uint8Array): ProtobufBody {
  if (!magic.every((byte, index) => bytes[index] === byte)) {
    throw new DecodeError('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  const envelope = decodeMessage(unknownMessage, new WireReader(bytes.subarray(magic.length)), noProperties, 0);
  const { apiVersion = '', kind = '' } = (envelope.typeMeta ?? {}) as { apiVersion?: string; kind?: string };
  const slash = apiVersion.indexOf('/');
  const component = componentName(slash < 0 ? '' : apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
  if (component === undefined || !protobufMessages()[messageName(component)]) {
    throw new DecodeError(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:110"`);
  }
  const raw = envelope.raw instanceof Uint8Array ? envelope.raw : new Uint8Array();
  const value = decodeMessage(messageName(component), new WireReader(raw), componentSchema(component).properties, 0);
  return { value: { apiVersion, kind, ...value }, typeMeta: { apiVersion, kind } };
}

function messageName(component: string): string {
  return component
    .replace(/^io\.k8s\./, 'k8s.io.')
    .replace('apiextensions-apiserver', 'apiextensions_apiserver')
    .replace('kube-aggregator', 'kube_aggregator');
}

const numbered = new Map<string, Map<number, ProtobufField>>();

function fieldsOf(message: string): Map<number, ProtobufField> {
  let fields = numbered.get(message);
  if (!fields) {
    fields = new Map((protobufMessages()[message] ?? []).map(field => [field[0], field]));
    numbered.set(message, fields);
  }
  return fields;
}

function decodeMessage(
  message: string,
  reader: WireReader,
  properties: ReadonlyMap<string, TypeSchema>,
  depth: number,
): JsonObject {
  if (depth > maxDepth) throw new DecodeError('proto: exceeded max depth');
  const fields = fieldsOf(message);
  const object: JsonObject = {};
  while (reader.more()) {
    const { number, wireType } = reader.tag();
    const field = fields.get(number);
    if (!field) {
      reader.skip(wireType);
      continue;
    }
    const [, fieldName, type, form] = field;
    const name = jsonName(fieldName, properties);
    const schema = properties.get(name);
    if (form === 'map') {
      const map = (object[name] ??= {}) as JsonObject;
      const [key, value] = decodeEntry(field, new WireReader(reader.bytes()), schema?.values, depth);
      setKey(map, key, value);
    } else if (form === 'repeated') {
      const list = (object[name] ??= []) as unknown[];
      if (wireType === 2 && isVarint(type)) {
        const packed = new WireReader(reader.bytes());
        while (packed.more()) list.push(scalarValue(type, packed));
      } else list.push(decodeValue(type, reader, schema?.items, depth));
    } else {
      const value = decodeValue(type, reader, schema, depth);
      // A struct that Go inlines is a message of its own on the wire.
      if (!schema && properties !== noProperties && isObject(value) && !(value instanceof Uint8Array))
        Object.assign(object, inlined(type, value));
      else object[name] = value;
    }
  }
  return object;
}

function inlined(type: string, value: JsonObject): JsonObject {
  return special[type] ? {} : value;
}

function jsonName(name: string, properties: ReadonlyMap<string, TypeSchema>): string {
  if (properties.has(name)) return name;
  const lower = name.charAt(0).toLowerCase() + name.slice(1);
  return properties.has(lower) ? lower : name;
}

function decodeEntry(
  [, , type, , keyType = 'string']: ProtobufField,
  reader: WireReader,
  schema: TypeSchema | undefined,
  depth: number,
): [string, unknown] {
  let key: unknown = '';
  let value: unknown = isVarint(type) ? 0 : type === 'string' || type === 'bytes' ? '' : {};
  while (reader.more()) {
    const { number, wireType } = reader.tag();
    if (number === 1) key = decodeValue(keyType, reader, undefined, depth);
    else if (number === 2) value = decodeValue(type, reader, schema, depth);
    else reader.skip(wireType);
  }
  return [String(key), value];
}

function isVarint(type: string): boolean {
  return type === 'int32' || type === 'int64' || type === 'uint32' || type === 'uint64' || type === 'bool';
}

function scalarValue(type: string, reader: WireReader): unknown {
  return type === 'bool' ? reader.varint() !== 0 : reader.varint();
}

function decodeValue(type: string, reader: WireReader, schema: TypeSchema | undefined, depth: number): unknown {
  if (isVarint(type)) return scalarValue(type, reader);
  if (type === 'double') return reader.double();
  const bytes = reader.bytes();
  if (type === 'string') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (type === 'bytes') return schema ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64') : bytes;
  const inlinedComponent = schema?.properties ?? componentProperties(type);
  const convert = special[type];
  const value = decodeMessage(type, new WireReader(bytes), convert ? noProperties : inlinedComponent, depth + 1);
  return convert ? convert(value, depth) : value;
}

/** The properties of a message that no field of its parent names: an inlined struct. */
function componentProperties(message: string): ReadonlyMap<string, TypeSchema> {
  return componentSchema(
    message
      .replace(/^k8s\.io\./, 'io.k8s.')
      .replace('apiextensions_apiserver', 'apiextensions-apiserver')
      .replace('kube_aggregator', 'kube-aggregator'),
  ).properties;
}

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const extensions = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1';

/** Messages whose JSON form is not an object of their fields. */
const special: Record<string, (value: JsonObject, depth: number) => unknown> = {
  'k8s.io.apimachinery.pkg.api.resource.Quantity': ({ string }) => string ?? '0',
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': ({ type, intVal, strVal }) => (type === 1 ? (strVal ?? '') : (intVal ?? 0)),
  [`${meta}.Time`]: ({ seconds }) => timeText(seconds, 0, false),
  [`${meta}.MicroTime`]: ({ seconds, nanos }) => timeText(seconds, nanos, true),
  [`${meta}.Timestamp`]: ({ seconds }) => timeText(seconds, 0, false),
  [`${meta}.Duration`]: ({ duration }) => `${Number(duration ?? 0) / 1e9}s`,
  [`${meta}.FieldsV1`]: ({ Raw }) => rawJson(Raw),
  [`${meta}.Verbs`]: ({ items }) => items ?? [],
  'k8s.io.apimachinery.pkg.runtime.RawExtension': ({ raw }) => rawJson(raw),
  'k8s.io.api.authentication.v1.ExtraValue': ({ items }) => items ?? [],
  'k8s.io.api.authorization.v1.ExtraValue': ({ items }) => items ?? [],
  'k8s.io.api.certificates.v1.ExtraValue': ({ items }) => items ?? [],
  [`${extensions}.JSON`]: ({ raw }) => rawJson(raw),
  [`${extensions}.JSONSchemaPropsOrArray`]: ({ schema, jSONSchemas }) => schema ?? jSONSchemas ?? null,
  [`${extensions}.JSONSchemaPropsOrBool`]: ({ schema, allows }) => schema ?? allows === true,
  [`${extensions}.JSONSchemaPropsOrStringArray`]: ({ schema, property }) => schema ?? property ?? null,
};

function rawJson(raw: unknown): unknown {
  if (!(raw instanceof Uint8Array) || raw.length === 0) return null;
  try {
    return JSON.parse(Buffer.from(raw).toString('utf8'));
  } catch {
    throw new DecodeError('a raw field of the protobuf message holds no JSON');
  }
}

function timeText(seconds: unknown, nanos: unknown, micro: boolean): string | null {
  const whole = typeof seconds === 'number' ? seconds : 0;
  const rest = typeof nanos === 'number' ? nanos : 0;
  if (whole === 0 && rest === 0) return null;
  const moment = new Date(whole * 1000);
  if (Number.isNaN(moment.getTime())) throw new DecodeError('a time of the protobuf message is out of range');
  const text = moment.toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.trunc(rest / 1000)).padStart(6, '0')}Z` : `${text}Z`;
}
