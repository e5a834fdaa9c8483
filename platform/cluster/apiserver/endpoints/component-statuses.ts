// ComponentStatuses, deprecated since 1.19 and still asked for by `kubectl get cs`.
import { strategyFor } from '../../kinds/index.ts';
import type { ApiParts } from '../api-parts.ts';
import { acceptedForm, encode } from '../encoding/respond.ts';
import { tableOf } from '../encoding/table.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { methodNotAllowed, notFound } from '../status-error.ts';

const COMPONENTS: Record<string, string> = { 'controller-manager': 'ok', 'etcd-0': 'ok', scheduler: 'ok' };

const statusOf = (name: string) => ({
  metadata: { name },
  conditions: [{ type: 'Healthy', status: 'True', message: COMPONENTS[name] }],
});

export async function serveComponentStatuses(parts: ApiParts, context: RequestContext): Promise<ApiResponse> {
  const { verb, name } = context.info;
  if (verb !== 'get' && verb !== 'list') throw methodNotAllowed();
  context.warnings.push('v1 ComponentStatus is deprecated in v1.19+');
  const accepted = acceptedForm(context);
  const head = { apiVersion: 'v1', kind: 'ComponentStatus' };
  if (verb === 'get') {
    if (!COMPONENTS[name]) throw notFound({ group: '', resource: 'componentstatuses' }, name);
    return encode({ ...head, ...statusOf(name) }, accepted);
  }
  const items = Object.keys(COMPONENTS).map(statusOf);
  const resource = parts.resources.find('', 'v1', 'componentstatuses');
  if (accepted.as?.kind === 'Table' && resource && strategyFor('', 'v1', 'componentstatuses')) {
    const objects = items.map(item => ({ ...head, ...item }));
    const { version } = accepted.as;
    return encode(
      tableOf(resource, objects, { version, includeObject: 'Metadata', now: context.now, headers: true, metadata: {} }),
      accepted,
    );
  }
  return encode({ kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items }, accepted);
}
