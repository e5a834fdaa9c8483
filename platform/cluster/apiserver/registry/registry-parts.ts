// What the generic registry works with: the store, the admission chain and the allocators, given by the server.
import type { Expressions } from '../../expressions/index.ts';
import type { KindObject } from '../../kinds/index.ts';
import type { Store } from '../../store/index.ts';
import type { RequestContext } from '../request-context.ts';
import type { ServedResource } from './served-resource.ts';

export interface AdmissionRequest {
  operation: 'create' | 'update' | 'delete';
  resource: ServedResource;
  subresource: string;
  namespace: string;
  name: string;
  /** Absent for deletions. */
  object?: KindObject;
  /** The stored state, for updates and deletions. */
  previous?: KindObject;
  dryRun: boolean;
  context: RequestContext;
}

export interface AdmissionChain {
  /** Changes `request.object` before it is validated. @throws StatusError to refuse. */
  mutate(request: AdmissionRequest): void;
  /** Looks at the final object. @throws StatusError to refuse. */
  validate(request: AdmissionRequest): void;
}

export interface RegistryParts {
  store: Store;
  expressions: Expressions;
  admission: AdmissionChain;
  /** Sets what the server assigns after validation (addresses, ports). @throws StatusError */
  allocate(request: AdmissionRequest): void;
}
