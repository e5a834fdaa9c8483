// The options of a deletion: from its body or its query, validated as apimachinery validates DeleteOptions.
import { DecodeError, decodeBody, type FieldError } from '../../schema/index.ts';
import type { RequestContext } from '../request-context.ts';
import { isTrue } from '../request-info.ts';
import { internal, invalidOptions } from '../status-error.ts';
import { dryRunErrors } from './write-request.ts';

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun: boolean;
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];
const GROUPS = new Set(['', 'meta.k8s.io']);

function fromQuery(query: URLSearchParams): Record<string, unknown> {
  const seconds = query.get('gracePeriodSeconds');
  const orphan = query.get('orphanDependents');
  return {
    ...(seconds ? { gracePeriodSeconds: Number(seconds) } : {}),
    ...(query.get('propagationPolicy') ? { propagationPolicy: query.get('propagationPolicy') } : {}),
    ...(orphan === null ? {} : { orphanDependents: isTrue(orphan) }),
    ...(query.has('dryRun') ? { dryRun: query.getAll('dryRun').filter(value => value !== '') } : {}),
  };
}

function fromBody(body: Uint8Array, contentType: string | undefined): Record<string, unknown> {
  let options: unknown;
  let kind: string | undefined;
  let apiVersion: string | undefined;
  try {
    const decoded = decodeBody(body, contentType);
    options = decoded.value;
    const fields = (options ?? {}) as { kind?: string; apiVersion?: string };
    kind = fields.kind ?? decoded.typeMeta?.kind;
    apiVersion = fields.apiVersion ?? decoded.typeMeta?.apiVersion;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw internal(error.message.replace(/^.*?(couldn't get version\/kind)/s, '$1').replace(/ \([^()]*\)$/s, ''));
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return {};
  const group = apiVersion?.includes('/') ? (apiVersion.split('/')[0] as string) : '';
  if (kind && kind !== 'DeleteOptions' && GROUPS.has(group))
    throw internal(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:110"`);
  return options as Record<string, unknown>;
}

/** @throws StatusError 422 for values that do not hold, 500 for a body that cannot be read (as the real server answers). */
export async function deleteOptions(context: RequestContext): Promise<DeleteOptions> {
  const body = await context.request.body();
  const contentType = context.request.headers['content-type'];
  const fields = body.length > 0 ? fromBody(body, contentType) : fromQuery(context.info.query);
  const policy = fields['propagationPolicy'] as string | undefined;
  const errors: FieldError[] = [];
  if (
    policy !== undefined &&
    policy !== null &&
    fields['orphanDependents'] !== undefined &&
    fields['orphanDependents'] !== null
  ) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push({ type: 'Invalid value', field: 'propagationPolicy', badValue: policy, detail });
  }
  if (policy !== undefined && policy !== null && !POLICIES.includes(policy)) {
    const detail = 'supported values: "Foreground", "Background", "Orphan", "nil"';
    errors.push({ type: 'Unsupported value', field: 'propagationPolicy', badValue: policy, detail });
  }
  const dryRun = ((fields['dryRun'] as string[] | undefined) ?? []).concat(
    body.length > 0 ? context.info.query.getAll('dryRun') : [],
  );
  errors.push(...dryRunErrors(dryRun.filter(value => value !== '')));
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  context.audit.dryRun = dryRun.length > 0;
  return {
    ...(typeof fields['gracePeriodSeconds'] === 'number' ? { gracePeriodSeconds: fields['gracePeriodSeconds'] } : {}),
    ...(policy ? { propagationPolicy: policy } : {}),
    ...(typeof fields['orphanDependents'] === 'boolean' ? { orphanDependents: fields['orphanDependents'] } : {}),
    ...(fields['preconditions'] ? { preconditions: fields['preconditions'] as { uid?: string } } : {}),
    dryRun: dryRun.length > 0,
  };
}
