// Objects live in namespaces that exist and are not ending; the system's own namespaces stay.
import type { Store } from '../../store/index.ts';
import { forbidden, notFound, StatusError } from '../status-error.ts';
import type { AdmissionPlugin } from './admission-chain.ts';

const PROTECTED = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);
const NAMESPACES = { group: '', resource: 'namespaces' };

export function namespaceLifecycle(store: Store): AdmissionPlugin {
  return {
    mutate({ operation, resource, namespace, object }) {
      if (operation !== 'create' || !resource.strategy.namespaced) return;
      const record = store.get({ collection: '/namespaces', namespace: '', name: namespace });
      if (!record) throw notFound(NAMESPACES, namespace);
      if (!record.object.metadata['deletionTimestamp']) return;
      const name = String(object?.metadata['name'] ?? '');
      const error = forbidden(
        resource.name,
        name,
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
      throw new StatusError(403, error.message, {
        reason: 'Forbidden',
        details: {
          ...error.details,
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: `namespace ${namespace} is being terminated`,
              field: 'metadata.namespace',
            },
          ],
        },
      });
    },
    validate({ operation, resource, name }) {
      if (operation === 'delete' && resource.collection === '/namespaces' && PROTECTED.has(name))
        throw forbidden(resource.name, name, 'this namespace may not be deleted');
    },
  };
}
