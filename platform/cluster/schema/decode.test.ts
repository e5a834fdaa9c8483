// Bodies: JSON, YAML and protobuf, strict decoding, types, and the form after a round trip through a typed server.
import { describe, expect, it } from 'vitest';
import {
  builtinSchema,
  checkTypes,
  DecodeError,
  decodeBody,
  emptyObject,
  findUnknownFields,
  prune,
  roundTrip,
  type TypeSchema,
} from './index.ts';

function schemaOf(group: string, version: string, kind: string): TypeSchema {
  const schema = builtinSchema(group, version, kind);
  if (!schema) throw new Error(`no schema of ${kind}`);
  return schema;
}

const configMap = schemaOf('', 'v1', 'ConfigMap');
const deployment = schemaOf('apps', 'v1', 'Deployment');
const pod = schemaOf('', 'v1', 'Pod');
const decode = (text: string, type?: string, expected?: string) => decodeBody(Buffer.from(text), type, expected);

describe('JSON bodies', () => {
  it('reports duplicate keys with their path', () => {
    expect(decode('{"a":{"b":[{"c":1,"c":2}]},"a":{"x:\\"":1}}').duplicateFields).toEqual(['a.b[0].c', 'a']);
    expect(decode('{"a":"x:y","b":{"a":1}}').duplicateFields).toEqual([]);
  });

  it.each([
    ['{"apiVersion":"v1",', 'unexpected end of JSON input ({"apiVersion":"v1",)'],
    ['not json', "invalid character 'o' in literal null (expecting 'u') (6e6f74206a736f6e)"],
    ['', 'unexpected end of JSON input (<empty>)'],
    [
      '[]',
      'json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
    ],
  ])('refuses %j in the words of the real server', (text, message) => {
    expect(() => decode(text, undefined, 'ConfigMap')).toThrow(
      `the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: ${message}`,
    );
  });

  it('knows the content types', () => {
    const error = (() => {
      try {
        decode('{}', 'text/plain');
      } catch (thrown) {
        return thrown;
      }
      return undefined;
    })();
    expect(error).toBeInstanceOf(DecodeError);
    expect((error as DecodeError).code).toBe(415);
    expect(decode('{"__proto__":{"x":1}}').value).toEqual(JSON.parse('{"__proto__":{"x":1}}'));
    expect(() => decode('['.repeat(100_000))).toThrow(DecodeError);
    expect(() => decode(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)).toThrow(/exceeded max depth/);
  });
});

describe('YAML bodies', () => {
  it('follow YAML 1.1', () => {
    const text = 'a: yes\nn: 5\n5: x\nt: 2020-01-01\nd: 1:30\no: 0777\nb: &b {k: v}\nc: *b\nm:\n  <<: *b\n  l: w\n';
    expect(decode(text, 'application/yaml').value).toEqual({
      a: true,
      false: 5,
      5: 'x',
      t: '2020-01-01',
      d: '1:30',
      o: 511,
      b: { k: 'v' },
      c: { k: 'v' },
      m: { k: 'v', l: 'w' },
    });
    expect(decode('a: 1\na: 2\n', 'application/yaml')).toMatchObject({ value: { a: 2 }, duplicateFields: ['a'] });
  });

  it('do not explode', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 10; level++)
      lines.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    expect(() => decode(lines.join('\n'), 'application/yaml')).toThrow(/excessive aliasing/);
  });
});

describe('protobuf bodies', () => {
  const field = (number: number, bytes: Buffer) => Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
  const text = (number: number, value: string) => field(number, Buffer.from(value));
  const body = (apiVersion: string, kind: string, raw: Buffer) =>
    Buffer.concat([
      Buffer.from('k8s\0'),
      field(1, Buffer.concat([text(1, apiVersion), text(2, kind)])),
      field(2, raw),
      text(3, ''),
      text(4, ''),
    ]);
  const read = (bytes: Buffer) => decodeBody(bytes, 'application/vnd.kubernetes.protobuf').value;

  it('become JSON: maps, bytes, times, quantities, int-or-string, inlined structs', () => {
    const metadata = field(
      1,
      Buffer.concat([text(1, 'a'), field(11, Buffer.concat([text(1, 'l'), text(2, 'm')])), field(8, Buffer.from([8, 1]))]),
    );
    expect(
      read(body('v1', 'ConfigMap', Buffer.concat([metadata, field(2, Buffer.concat([text(1, 'k'), text(2, 'v')]))]))),
    ).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', labels: { l: 'm' }, creationTimestamp: '1970-01-01T00:00:01Z' },
      data: { k: 'v' },
    });
    expect(read(body('v1', 'Secret', field(2, Buffer.concat([text(1, 'k'), text(2, 'hi')]))))).toMatchObject({
      data: { k: 'aGk=' },
    });
    const resources = field(8, field(2, Buffer.concat([text(1, 'cpu'), field(2, text(1, '500m'))])));
    const probe = field(10, field(1, field(2, field(2, Buffer.from([8, 0, 16, 80, 26, 0])))));
    const container = field(2, Buffer.concat([text(1, 'c'), resources, probe]));
    const volume = field(1, Buffer.concat([text(1, 'v'), field(2, field(2, Buffer.alloc(0)))]));
    expect(read(body('v1', 'Pod', field(2, Buffer.concat([volume, container]))))).toMatchObject({
      spec: {
        containers: [{ name: 'c', resources: { requests: { cpu: '500m' } }, livenessProbe: { httpGet: { port: 80 } } }],
        volumes: [{ name: 'v', emptyDir: {} }],
      },
    });
  });

  it('are refused when damaged or unknown', () => {
    expect(() => read(Buffer.from('{}'))).toThrow(/does not appear to be a protobuf message/);
    expect(() => read(body('v1', 'ConfigMap', Buffer.from([10, 99])))).toThrow('unexpected EOF');
    expect(() => read(body('v9', 'Nope', Buffer.alloc(0)))).toThrow('no kind "Nope" is registered for version "v9"');
  });
});

describe('typed values', () => {
  it.each([
    [configMap, { data: { k: 5 } }, 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
    [configMap, { data: 'text' }, 'json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string'],
    [configMap, { metadata: 'x' }, 'json: cannot unmarshal string into Go struct field ConfigMap.metadata of type v1.ObjectMeta'],
    [
      configMap,
      { metadata: { labels: { k: true } } },
      'json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      deployment,
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      deployment,
      { spec: { template: 'x' } },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec',
    ],
    [schemaOf('', 'v1', 'Secret'), { data: { k: '***' } }, 'illegal base64 data at input byte 0'],
    [
      schemaOf('coordination.k8s.io', 'v1', 'Lease'),
      { spec: { renewTime: '2019-01-01T00:00:01.5Z' } },
      'parsing time "2019-01-01T00:00:01.5Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".5Z" as ".000000"',
    ],
  ])('names what does not fit %#', (schema, object, message) => {
    expect(checkTypes(schema, object)).toBe(message);
  });

  it('finds and prunes unknown fields', () => {
    const object = { spec: { template: { spec: { containers: [{ name: 'c', imagee: 'x' }] } }, replcas: 3 } };
    expect(findUnknownFields(deployment, object)).toEqual(['spec.template.spec.containers[0].imagee', 'spec.replcas']);
    prune(deployment, object);
    expect(object).toEqual({ spec: { template: { spec: { containers: [{ name: 'c' }] } } } });
  });

  it('take the form of a round trip through Go', () => {
    const object = {
      kind: 'Pod',
      metadata: { name: 'a', labels: {}, annotations: null, creationTimestamp: null, finalizers: [] },
      spec: {
        containers: [
          { name: 'c', stdin: false, resources: { limits: { cpu: '0.5', memory: '1024Mi' } }, env: [{ name: 'A', value: '' }] },
        ],
        hostNetwork: false,
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
        nodeName: '',
        bogus: 1,
      },
    };
    roundTrip(pod, object);
    expect(object).toEqual({
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: {
        containers: [{ name: 'c', resources: { limits: { cpu: '500m', memory: '1Gi' } }, env: [{ name: 'A' }] }],
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 0,
      },
      status: {},
    });
    expect(emptyObject(deployment)).toEqual({
      metadata: {},
      spec: { selector: null, strategy: {}, template: { metadata: {}, spec: { containers: null } } },
      status: {},
    });
    const data = { metadata: { name: 'a' }, data: { k: null } };
    roundTrip(configMap, data);
    expect(data).toEqual({ metadata: { name: 'a' }, data: { k: '' } });
  });
});
