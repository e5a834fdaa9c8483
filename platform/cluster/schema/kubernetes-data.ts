// Reads the generated facts of the Kubernetes release: from the source tree where there is one, else from dist, each file at first use.
import { existsSync, readFileSync } from 'node:fs';
import { assetPath } from '../../core/index.ts';
import type { JsonObject } from './json-values.ts';

/** A column of a Table answer, as the real server defines it (without its description). */
export interface TableColumn {
  name: string;
  type: string;
  format: string;
  priority: number;
}

/** `[number, name, type, "repeated" | "map", type of a map's keys]` */
export type ProtobufField = [number: number, name: string, type: string, form?: 'repeated' | 'map', keyType?: string];

function lazily<T>(name: string): () => T {
  let data: T | undefined;
  return () => {
    if (data === undefined) {
      const source = assetPath(`platform/cluster/schema/generated/${name}`);
      const path = existsSync(source) ? source : assetPath(`dist/kubernetes/${name}`);
      data = JSON.parse(readFileSync(path, 'utf8')) as T;
    }
    return data;
  };
}

/** The two aggregated discovery documents (apidiscovery.k8s.io/v2) as the real server serves them: `/api` and `/apis`. Don't change them. */
export const discoveryData = lazily<{ api: JsonObject; apis: JsonObject }>('discovery.json');

/** All OpenAPI v3 component schemas by name (`io.k8s.api.core.v1.Pod`), descriptions left out. Don't change them. */
export const openApiComponents = lazily<Record<string, JsonObject>>('openapi.json');

/** What schemas (under `''`) and their properties are for, as `kubectl explain` tells it, by component name. Don't change them. */
export const schemaDescriptions = lazily<Record<string, Record<string, string>>>('descriptions.json');

/** Field numbers by message name (`k8s.io.api.core.v1.Pod`). */
export const protobufMessages = lazily<Record<string, ProtobufField[]>>('protobuf.json');

/** Go struct facts by component name; the generator says how a field is written. */
export const structFacts = lazily<Record<string, string[]>>('structs.json');

const tables = lazily<Record<string, TableColumn[]>>('tables.json');

/** The columns of a built-in resource (plural); undefined when it is not listable. */
export function tableColumns(group: string, version: string, resource: string): readonly TableColumn[] | undefined {
  return tables()[group ? `${group}/${version}/${resource}` : `${version}/${resource}`];
}
