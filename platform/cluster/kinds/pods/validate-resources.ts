// Validation of resource requests and limits, and of quantities in general.
import { compareQuantity, type FieldError, parseQuantity } from '../../schema/index.ts';
import { invalid, unsupported } from '../field-errors.ts';
import { qualifiedName } from '../meta/names.ts';
import type { Container } from './types.ts';

const CONTAINER_RESOURCES = ['cpu', 'ephemeral-storage', 'memory'];
const isStandard = (name: string): boolean => CONTAINER_RESOURCES.includes(name) || name.startsWith('hugepages-');
const INTEGER = 'must be an integer';

/** A quantity that is not negative; text that is no quantity was refused while decoding. */
export function validateQuantity(quantity: unknown, field: string): FieldError[] {
  const text = String(quantity);
  return text.startsWith('-') && !/^-0+$/.test(text) ? [invalid(field, text, 'must be greater than or equal to 0')] : [];
}

const STANDARD_RESOURCES = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'storage',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
]);

/** The name of a resource: a standard one or a qualified one of a domain. */
export function validateResourceName(name: string, field: string): FieldError[] {
  const complaints = qualifiedName(name);
  if (complaints.length > 0) return complaints.map(message => invalid(field, name, message));
  const isKnown = name.includes('/') || STANDARD_RESOURCES.has(name) || /^(requests\.)?hugepages-/.test(name);
  return isKnown ? [] : [invalid(field, name, 'must be a standard resource type or fully qualified')];
}

function validateContainerResourceName(name: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  if (!name.includes('/') && !isStandard(name)) errors.push(invalid(field, name, 'must be a standard resource for containers'));
  else if (name.includes('/') && name.startsWith('requests.'))
    errors.push(invalid(field, name, "doesn't follow extended resource name standard"));
  return errors;
}

function validateList(list: Record<string, unknown>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, quantity] of Object.entries(list)) {
    const at = `${field}[${name}]`;
    errors.push(...validateContainerResourceName(name, at));
    errors.push(...validateQuantity(quantity, at));
    if (name.includes('/') && /(\d*\.\d+|\dm)$/.test(String(quantity))) errors.push(invalid(at, String(quantity), INTEGER));
  }
  return errors;
}

/** Requests and limits of a container, `field` ending in `.resources`. */
export function validateResources(resources: Container['resources'], field: string): FieldError[] {
  if (!resources) return [];
  const errors = validateList(resources.limits ?? {}, `${field}.limits`);
  const requests = resources.requests ?? {};
  const limits = resources.limits ?? {};
  for (const [name, quantity] of Object.entries(requests)) {
    errors.push(...validateList({ [name]: quantity }, `${field}.requests`));
    const limit = limits[name];
    if (limit !== undefined) {
      const order = compareQuantity(parseQuantity(String(quantity)), parseQuantity(String(limit)));
      const overcommit = name === 'cpu' || name === 'memory' || name === 'ephemeral-storage';
      if (!overcommit && order !== 0) {
        errors.push(invalid(`${field}.requests`, String(quantity), `must be equal to ${name} limit of ${limit}`));
      } else if (order > 0) {
        errors.push(invalid(`${field}.requests`, String(quantity), `must be less than or equal to ${name} limit of ${limit}`));
      }
    } else if (name.includes('/') || name.startsWith('hugepages-')) {
      errors.push({
        type: 'Required value',
        field: `${field}.limits`,
        detail: 'Limit must be set for non overcommitable resources',
      });
    }
  }
  return errors;
}

/** The values of a `resizePolicy`. */
export function validateResizePolicy(container: Container, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { resourceName, restartPolicy }] of (container.resizePolicy ?? []).entries()) {
    const at = `${field}.resizePolicy[${index}]`;
    if (resourceName !== 'cpu' && resourceName !== 'memory') errors.push(unsupported(at, resourceName ?? '', ['cpu', 'memory']));
    if (restartPolicy !== 'NotRequired' && restartPolicy !== 'RestartContainer') {
      errors.push(unsupported(at, restartPolicy ?? '', ['NotRequired', 'RestartContainer']));
    }
  }
  return errors;
}
