// Validation of probes and lifecycle handlers.
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, nonNegative, required, unsupported } from '../field-errors.ts';
import { portName, portNumber, regexComplaint } from '../meta/names.ts';
import type { Container, Handler, Probe } from './types.ts';

export function validatePortReference(port: unknown, field: string): FieldError[] {
  if (typeof port === 'string') return portName(port).map(message => invalid(field, port, message));
  const number = typeof port === 'number' ? port : 0;
  return portNumber(number).map(message => invalid(field, number, message));
}

const SCHEMES = ['HTTP', 'HTTPS'];

function validateHttpGet(action: NonNullable<Handler['httpGet']>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!action.path) errors.push(required(`${field}.path`));
  errors.push(...validatePortReference(action.port, `${field}.port`));
  if (!SCHEMES.includes(action.scheme ?? '')) errors.push(unsupported(`${field}.scheme`, action.scheme ?? '', SCHEMES));
  for (const header of action.httpHeaders ?? []) {
    if (/^[-A-Za-z0-9]+$/.test(header.name ?? '')) continue;
    const message = regexComplaint(
      "a valid HTTP header must consist of alphanumeric characters or '-'",
      '[-A-Za-z0-9]+',
      'X-Header-Name',
    );
    errors.push(invalid(`${field}.httpHeaders`, header.name ?? '', message));
  }
  return errors;
}

type AnyHandler = Handler & Pick<Probe, 'grpc'>;

function validateHandler(handler: AnyHandler, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let handlers = 0;
  const one = (name: string, check: () => FieldError[]): void => {
    if (handlers > 0) errors.push(forbidden(`${field}.${name}`, 'may not specify more than 1 handler type'));
    else {
      handlers += 1;
      errors.push(...check());
    }
  };
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (exec) one('exec', () => (exec.command?.length ? [] : [required(`${field}.exec.command`)]));
  if (httpGet) one('httpGet', () => validateHttpGet(httpGet, `${field}.httpGet`));
  if (tcpSocket) one('tcpSocket', () => validatePortReference(tcpSocket.port, `${field}.tcpSocket.port`));
  if (grpc) one('grpc', () => validatePortReference(grpc.port, `${field}.grpc.port`));
  if (sleep) one('sleep', () => nonNegative(sleep.seconds, `${field}.sleep`));
  if (handlers === 0) errors.push(required(field, 'must specify a handler type'));
  return errors;
}

function validateProbe(probe: Probe | undefined, field: string): FieldError[] {
  if (!probe) return [];
  const errors = validateHandler(probe as AnyHandler, field);
  errors.push(...nonNegative(probe.initialDelaySeconds, `${field}.initialDelaySeconds`));
  errors.push(...nonNegative(probe.timeoutSeconds, `${field}.timeoutSeconds`));
  errors.push(...nonNegative(probe.periodSeconds, `${field}.periodSeconds`));
  errors.push(...nonNegative(probe.successThreshold, `${field}.successThreshold`));
  errors.push(...nonNegative(probe.failureThreshold, `${field}.failureThreshold`));
  if (probe.terminationGracePeriodSeconds !== undefined && probe.terminationGracePeriodSeconds <= 0) {
    errors.push(invalid(`${field}.terminationGracePeriodSeconds`, probe.terminationGracePeriodSeconds, 'must be greater than 0'));
  }
  return errors;
}

/** Probes and lifecycle of an ordinary or restartable container. */
export function validateProbes(container: Container, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (container.lifecycle?.postStart)
    errors.push(...validateHandler(container.lifecycle.postStart, `${field}.lifecycle.postStart`));
  if (container.lifecycle?.preStop) errors.push(...validateHandler(container.lifecycle.preStop, `${field}.lifecycle.preStop`));
  errors.push(...validateProbe(container.livenessProbe, `${field}.livenessProbe`));
  if (container.livenessProbe && container.livenessProbe.successThreshold !== 1) {
    errors.push(invalid(`${field}.livenessProbe.successThreshold`, container.livenessProbe.successThreshold, 'must be 1'));
  }
  errors.push(...validateProbe(container.readinessProbe, `${field}.readinessProbe`));
  if (container.readinessProbe?.terminationGracePeriodSeconds !== undefined) {
    const value = container.readinessProbe.terminationGracePeriodSeconds;
    errors.push(invalid(`${field}.readinessProbe.terminationGracePeriodSeconds`, value, 'must not be set for readinessProbes'));
  }
  errors.push(...validateProbe(container.startupProbe, `${field}.startupProbe`));
  if (container.startupProbe && container.startupProbe.successThreshold !== 1) {
    errors.push(invalid(`${field}.startupProbe.successThreshold`, container.startupProbe.successThreshold, 'must be 1'));
  }
  return errors;
}
