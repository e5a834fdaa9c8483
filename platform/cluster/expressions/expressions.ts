// Kubernetes' CEL for one API server: the engine is loaded when the first rule needs it and let go when the last has gone.
import { existsSync } from 'node:fs';
import { assetPath } from '../../core/index.ts';
import type { FieldError } from '../schema/index.ts';
import { type Authorize, EngineRefusal, ExpressionEngine } from './engine.ts';
import type { CompiledPolicy, PolicyRequest, PolicyVerdict, SchemaRules } from './types.ts';

const IDLE_MS = 60_000;

interface ExpressionsOptions {
  /** Answers the `authorizer` variable. Must not wait. */
  authorize: Authorize;
  /** The Brotli file of the engine; the one that ships otherwise. */
  enginePath?: string;
  /** How long the engine is kept when nothing compiled is left. */
  idleMs?: number;
}

/** Something that lives in the engine: compiled at its first use, again when the engine was replaced. */
class Kept {
  readonly #expressions: Expressions;
  readonly #compile: (engine: ExpressionEngine) => number;
  #engine: ExpressionEngine | undefined;
  #handle = 0;

  constructor(expressions: Expressions, compile: (engine: ExpressionEngine) => number) {
    this.#expressions = expressions;
    this.#compile = compile;
  }

  call<T>(name: string, argument: object): T {
    return this.#expressions.run(engine => {
      if (engine !== this.#engine) {
        this.#handle = this.#compile(engine);
        this.#engine = engine;
      }
      return engine.call<T>(name, { ...argument, handle: this.#handle });
    });
  }

  release(): void {
    const engine = this.#expressions.forget(this);
    if (engine && engine === this.#engine) this.#expressions.run(() => engine.call('release', { handle: this.#handle }));
    this.#engine = undefined;
  }
}

function shippedEngine(): string {
  const source = assetPath('platform/cluster/expressions/engine/cel.wasm.br');
  return existsSync(source) ? source : assetPath('dist/engines/cel.wasm.br');
}

/**
 * Evaluates on the caller's thread. Everything but `warm` is synchronous, since validation is; without a `warm` before, the
 * first use waits for the engine (half a second). Disposed by the server.
 */
export class Expressions implements Disposable {
  readonly #options: ExpressionsOptions;
  readonly #kept = new Set<Kept>();
  #engine: ExpressionEngine | undefined;
  #loading: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #disposed = false;

  constructor(options: ExpressionsOptions) {
    this.#options = options;
  }

  get loaded(): boolean {
    return this.#engine !== undefined;
  }

  /** Loads the engine off this thread, so that the next call does not wait. */
  async warm(): Promise<void> {
    if (this.#engine || this.#disposed) return;
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    await this.#loading;
  }

  async #load(): Promise<void> {
    const engine = await ExpressionEngine.load(this.#options.enginePath ?? shippedEngine(), this.#options.authorize);
    if (this.#disposed) return;
    this.#engine ??= engine;
    this.#letGoWhenIdle();
  }

  /** @internal Does something with the engine, which is loaded if need be and replaced when it died of the last call. */
  run<T>(work: (engine: ExpressionEngine) => T): T {
    if (!this.#engine) {
      const { authorize, enginePath = shippedEngine() } = this.#options;
      this.#engine = ExpressionEngine.loadNow(enginePath, authorize);
    }
    this.#letGoWhenIdle();
    try {
      return work(this.#engine);
    } catch (error) {
      if (error instanceof EngineRefusal) throw error;
      this.#engine = undefined;
      throw new Error('the expression engine ended in the middle of its work', { cause: error });
    }
  }

  /** @internal Ends the life of something kept; answers the engine that may still hold it. */
  forget(kept: Kept): ExpressionEngine | undefined {
    this.#kept.delete(kept);
    this.#letGoWhenIdle();
    return this.#engine;
  }

  #letGoWhenIdle(): void {
    clearTimeout(this.#idle);
    if (!this.#engine || this.#kept.size > 0) return;
    this.#idle = setTimeout(() => {
      this.#engine = undefined;
    }, this.#options.idleMs ?? IDLE_MS);
    this.#idle.unref();
  }

  #keep(compile: (engine: ExpressionEngine) => number): Kept {
    const kept = new Kept(this, compile);
    this.#kept.add(kept);
    clearTimeout(this.#idle);
    return kept;
  }

  /** All errors that Kubernetes' own validation finds in a definition (apiextensions.k8s.io/v1), rules and their costs included. */
  validateDefinition(definition: object, previous?: object): FieldError[] {
    const argument = previous ? { definition, previous } : { definition };
    return this.run(engine => engine.call<{ errors: FieldError[] }>('validateDefinition', argument).errors);
  }

  /** The x-kubernetes-validations of a structural schema; compiled at the first validation. */
  rulesOf(schema: object): SchemaRules {
    const kept = this.#keep(engine => engine.call<{ handle: number }>('compileSchema', { schema }).handle);
    return {
      validate(object, previous) {
        const asked = previous ? { object, previous } : { object };
        const { errors, warnings } = kept.call<{ errors: FieldError[]; warnings?: string[] | null }>('validateObject', asked);
        return { errors, warnings: warnings ?? [] };
      },
      release: () => kept.release(),
    };
  }

  /** What does not compile in a ValidatingAdmissionPolicy that is to be stored. */
  checkPolicy(policy: object): FieldError[] {
    return this.run(engine => engine.call<{ errors: FieldError[] }>('checkPolicy', { policy }).errors);
  }

  /** A stored ValidatingAdmissionPolicy; compiled at the first evaluation. */
  policyOf(policy: object): CompiledPolicy {
    const kept = this.#keep(engine => engine.call<{ handle: number }>('compilePolicy', { policy }).handle);
    return {
      evaluate: (request: PolicyRequest) => kept.call<{ verdicts: PolicyVerdict[] }>('evaluatePolicy', request).verdicts,
      release: () => kept.release(),
    };
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#idle);
    this.#engine = undefined;
    this.#kept.clear();
  }
}
