// What policies said about one request, and what follows: a refusal, warnings, annotations of the audit trail.
import type { PolicyVerdict } from '../../../expressions/index.ts';
import type { AdmissionRequest } from '../../registry/registry-parts.ts';
import { forbidden, StatusError } from '../../status-error.ts';

interface About {
  policy: string;
  failurePolicy: string;
  binding?: string;
}

interface Bound extends About {
  binding: string;
  actions: readonly string[];
}

interface Denial {
  about: About;
  message: string;
  reason?: string | undefined;
}

const CODES: Record<string, number> = { Forbidden: 403, Unauthorized: 401, RequestEntityTooLarge: 413, Invalid: 422 };
const FAILURE_KEY = 'validation.policy.admission.k8s.io/validation_failure';
const VALUE_LIMIT = 10 * 1024;

export class Findings {
  readonly #request: AdmissionRequest;
  readonly #denials: Denial[] = [];

  constructor(request: AdmissionRequest) {
    this.#request = request;
  }

  /** A policy or binding that can't be used: a denial unless failures are to be ignored. */
  misconfigured(about: About, error: Error): void {
    if (about.failurePolicy === 'Ignore') return;
    const what = about.binding === undefined ? 'policy' : 'binding';
    this.#denials.push({ about, message: `failed to configure ${what}: ${error.message}` });
  }

  judge(about: Bound, verdicts: readonly PolicyVerdict[]): void {
    for (const { decisions, annotations } of verdicts) {
      for (const { action, message = '', reason, index } of decisions) {
        if (action !== 'deny') continue;
        for (const wanted of about.actions) {
          if (wanted === 'Deny') this.#denials.push({ about, message, reason });
          else if (wanted === 'Warn') this.#warn(about, message);
          else if (wanted === 'Audit') this.#noteFailure(about, message, index);
        }
      }
      for (const { action, key, value = '', error = '' } of annotations) {
        if (action === 'publish') this.#annotate(`${about.policy}/${key}`, value.slice(0, VALUE_LIMIT));
        else if (action === 'error') this.#denials.push({ about, message: error });
      }
    }
  }

  /** @throws StatusError of the first denial */
  conclude(): void {
    const [first] = this.#denials;
    if (!first) return;
    const { about, message } = first;
    const bound = about.binding === undefined ? '' : ` with binding '${about.binding}'`;
    const text = `ValidatingAdmissionPolicy '${about.policy}'${bound} denied request: ${message}`;
    const reason = first.reason || 'Invalid';
    const refusal = forbidden(this.#request.resource.name, this.#request.name, text);
    throw new StatusError(CODES[reason] ?? 422, refusal.message, {
      reason,
      details: { ...refusal.details, causes: [{ message: text }] },
    });
  }

  #warn({ policy, binding }: Bound, message: string): void {
    this.#request.context.warnings.push(
      `Validation failed for ValidatingAdmissionPolicy '${policy}' with binding '${binding}': ${message}`,
    );
  }

  #noteFailure({ policy, binding, actions }: Bound, message: string, expressionIndex: number): void {
    const failure = { message, policy, binding, expressionIndex, validationActions: actions };
    const annotations = (this.#request.context.audit.annotations ??= {});
    annotations[FAILURE_KEY] ??= JSON.stringify([failure]);
  }

  /** Several bindings may say different things under one key; they are listed. */
  #annotate(key: string, value: string): void {
    const annotations = (this.#request.context.audit.annotations ??= {});
    const before = annotations[key];
    if (before === undefined) annotations[key] = value;
    else if (!before.split(', ').includes(value)) annotations[key] = `${before}, ${value}`;
  }
}
