// Reads scenarios from their folders and proves their form; each complaint names the file, the line and what is wrong there.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { assetPath, DarumaError, readFileIfExists } from '../../platform/core/index.ts';
import type { ActionCall, CheckCall, Scenario, ScenarioStep } from './scenario.ts';

const FOLDER = /^(\d\d)-([a-z0-9-]+)$/;
const DEFAULT_TIMEOUT_SECONDS = 60;

interface RawStep {
  id: string;
  title: string;
  goal: string;
  text: string;
  setup?: RawCall[];
  checks: RawCall[];
  hints?: string[];
  solve: RawCall[];
  timeoutSeconds?: number;
}

type RawCall = { title?: string; unless?: RawCall } & Record<string, unknown>;

interface RawScenario {
  title: string;
  summary: string;
  minutes: number;
  setup?: RawCall[];
  steps: RawStep[];
}

/** Finds the line of any place in a YAML file by its path in the data. */
class Lines {
  readonly #counter: LineCounter;
  readonly #document: Document.Parsed;

  constructor(counter: LineCounter, document: Document.Parsed) {
    this.#counter = counter;
    this.#document = document;
  }

  of(path: (string | number)[]): number {
    for (let depth = path.length; depth >= 0; depth--) {
      const node = this.#document.getIn(path.slice(0, depth), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return this.#counter.linePos(node.range[0]).line;
    }
    return 1;
  }
}

/** All scenarios of a folder by number; those that ship with daruma unless told. @throws INVALID_INPUT with file and line */
export async function loadScenarios(folder = assetPath('scenarios')): Promise<Scenario[]> {
  const schema = JSON.parse(await readFile(assetPath('schemas/scenario.schema.json'), 'utf8')) as object;
  const validate = new Ajv({ strict: false, allErrors: true }).compile<RawScenario>(schema);
  const names = (await readdir(folder)).filter(name => FOLDER.test(name)).sort();
  return Promise.all(names.map(name => loadScenario(join(folder, name), name, validate)));
}

type Validate = { (data: unknown): data is RawScenario; errors?: ErrorObject[] | null };

async function loadScenario(folder: string, name: string, validate: Validate): Promise<Scenario> {
  const file = join(folder, 'scenario.yaml');
  const source = await readFileIfExists(file);
  if (source === undefined) throw invalid(file, 1, 'the file is missing');
  const counter = new LineCounter();
  const document = parseDocument(source, { lineCounter: counter, prettyErrors: false });
  const [error] = document.errors;
  if (error) throw invalid(file, counter.linePos(error.pos[0]).line, error.message);
  const lines = new Lines(counter, document);
  const data: unknown = document.toJS();
  if (!validate(data)) throw complaint(file, lines, validate.errors ?? []);
  const [, number = '0', id = name] = FOLDER.exec(name) ?? [];
  const ids = new Set<string>();
  return {
    id,
    number: Number(number),
    title: data.title,
    summary: data.summary,
    minutes: data.minutes,
    file,
    setup: actionsOf(data.setup, ['setup'], lines),
    steps: await Promise.all(
      data.steps.map(async (step, index) => {
        const at = ['steps', index];
        if (ids.has(step.id)) throw invalid(file, lines.of([...at, 'id']), `the step id ${step.id} stands twice`);
        ids.add(step.id);
        const text = await readFileIfExists(join(folder, step.text));
        if (text === undefined) throw invalid(file, lines.of([...at, 'text']), `the text ${step.text} is missing in its folder`);
        return stepOf(step, text, at, lines);
      }),
    ),
  };
}

function stepOf(step: RawStep, text: string, at: (string | number)[], lines: Lines): ScenarioStep {
  return {
    id: step.id,
    title: step.title,
    goal: step.goal,
    text,
    setup: actionsOf(step.setup, [...at, 'setup'], lines),
    checks: step.checks.map((call, index) => checkOf(call, [...at, 'checks', index], lines)),
    hints: step.hints ?? [],
    solve: actionsOf(step.solve, [...at, 'solve'], lines),
    timeoutMs: (step.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
  };
}

/** The schema has proven that one known name stands there, beside `title` and `unless`. */
function named({ title: _title, unless: _unless, ...call }: RawCall): { name: string; parameters: Record<string, unknown> } {
  const [[name, parameters] = ['', {}]] = Object.entries(call);
  return { name, parameters: (parameters ?? {}) as Record<string, unknown> };
}

function checkOf(call: RawCall, at: (string | number)[], lines: Lines): CheckCall {
  const { name, parameters } = named(call);
  return { title: call.title ?? name, name, parameters, line: lines.of(at) };
}

function actionsOf(calls: RawCall[] | undefined, at: (string | number)[], lines: Lines): ActionCall[] {
  return (calls ?? []).map((call, index) => {
    const path = [...at, index];
    const { name, parameters } = named(call);
    const unless = call.unless && checkOf(call.unless, [...path, 'unless'], lines);
    const inner = name === 'await' ? { ...checkOf(parameters as RawCall, [...path, 'await'], lines) } : parameters;
    return { name, parameters: inner, ...(unless ? { unless } : {}), line: lines.of(path) };
  });
}

/** Of all that the schema says, what helps most: a misspelt key before a wrong value before what is missing. */
const RANKS: Record<string, number> = { additionalProperties: 0, oneOf: 2, required: 3 };

function complaint(file: string, lines: Lines, errors: ErrorObject[]): DarumaError {
  const rank = ({ keyword }: ErrorObject) => RANKS[keyword] ?? 1;
  const error = [...errors].sort((a, b) => rank(a) - rank(b))[0];
  const path = (error?.instancePath ?? '').split('/').slice(1);
  const segments = path.map(part => (/^\d+$/.test(part) ? Number(part) : part));
  const where = segments.join('.') || 'the scenario';
  const { additionalProperty: extra } = (error?.params ?? {}) as { additionalProperty?: string };
  if (extra) return invalid(file, lines.of([...segments, extra]), `${where} may not hold ${extra}`);
  const message = error?.keyword === 'oneOf' ? 'must hold exactly one check or action' : (error?.message ?? 'is not valid');
  return invalid(file, lines.of(segments), `${where} ${message}`);
}

function invalid(file: string, line: number, message: string): DarumaError {
  return new DarumaError('INVALID_INPUT', `${file} line ${line}: ${message}`, {
    hint: 'schemas/scenario.schema.json says what a scenario may hold',
    data: { file, line },
  });
}
