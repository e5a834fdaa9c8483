// Reads the part of a Dockerfile that a build without running anything can honour. Anything else is refused by its line, never
// left out in silence.
import { posix } from 'node:path';
import { DarumaError } from '../core/index.ts';
import type { ImageConfig } from './types.ts';

export interface CopyStep {
  line: number;
  /** From the root of the repository; may hold `*` and `?`. */
  sources: string[];
  /** Absolute; ends with a slash when it is a folder. */
  target: string;
}

export interface ImagePlan {
  /** What FROM names. */
  from: string;
  copies: CopyStep[];
  config: ImageConfig;
  labels: Record<string, string>;
}

interface Instruction {
  line: number;
  name: string;
  text: string;
}

const SUPPORTED = 'FROM, WORKDIR, COPY, ENV, EXPOSE, USER, LABEL, ENTRYPOINT, CMD';
const REASONS: Record<string, string> = {
  RUN: 'the builder runs nothing, so that the same commit gives the same image: install and build in a pipeline step instead',
  ADD: 'use COPY for files of the repository',
  ARG: 'write the value itself',
};

/** @throws UNSUPPORTED_FIELD or INVALID_INPUT, naming the line. */
export function imagePlanFromDockerfile(text: string): ImagePlan {
  const plan: ImagePlan = { from: '', copies: [], config: {}, labels: {} };
  for (const instruction of instructions(text)) {
    if (plan.from === '' && instruction.name !== 'FROM') throw invalid(instruction, 'FROM must come first');
    if (/(^|[^\\])\$[\w{]/.test(instruction.text) && !['CMD', 'ENTRYPOINT'].includes(instruction.name)) {
      throw unsupported(instruction, 'variables are not replaced: write the value itself');
    }
    apply(plan, instruction);
  }
  if (plan.from === '') throw new DarumaError('INVALID_INPUT', 'the Dockerfile has no FROM');
  return plan;
}

function apply(plan: ImagePlan, instruction: Instruction): void {
  const { name, text, line } = instruction;
  const { config } = plan;
  switch (name) {
    case 'FROM':
      if (plan.from !== '') throw unsupported(instruction, 'only one stage is possible');
      if (!/^\S+(\s+as\s+\S+)?$/i.test(text)) throw unsupported(instruction, 'write FROM IMAGE, without flags');
      plan.from = text.split(/\s/)[0] ?? '';
      break;
    case 'WORKDIR':
      config.workdir = posix.resolve(config.workdir ?? '/', text);
      break;
    case 'COPY':
      plan.copies.push({ line, ...copy(instruction, config.workdir ?? '/') });
      break;
    case 'ENV':
      config.env = { ...config.env, ...pairs(instruction) };
      break;
    case 'LABEL':
      Object.assign(plan.labels, pairs(instruction));
      break;
    case 'EXPOSE': {
      const ports = text.split(/\s+/);
      const wrong = ports.find(port => !/^\d{1,5}(\/(tcp|udp|sctp))?$/.test(port));
      if (wrong) throw invalid(instruction, `"${wrong}" is not a port`);
      config.exposedPorts = [...(config.exposedPorts ?? []), ...ports];
      break;
    }
    case 'USER':
      if (!/^[\w.-]+(:[\w.-]+)?$/.test(text)) throw invalid(instruction, `"${text}" is not a user`);
      config.user = text;
      break;
    case 'ENTRYPOINT':
      config.entrypoint = execForm(instruction);
      config.cmd = undefined;
      break;
    case 'CMD':
      config.cmd = execForm(instruction);
      break;
    default:
      throw unsupported(instruction, REASONS[name] ?? `these are possible: ${SUPPORTED}`);
  }
}

/** Lines joined at a trailing backslash; comments and empty lines between them left out. */
function instructions(text: string): Instruction[] {
  const found: Instruction[] = [];
  let open: { line: number; text: string } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const directive = /^#\s*escape\s*=\s*(\S)/i.exec(raw);
    if (directive && directive[1] !== '\\' && found.length === 0) {
      throw unsupported({ line, name: '# escape', text: raw }, 'only the backslash continues a line');
    }
    if (/^\s*(#|$)/.test(raw)) continue;
    const continued = /\\\s*$/.test(raw);
    const content = raw.replace(/\\\s*$/, '').trim();
    open = open ? { line: open.line, text: `${open.text} ${content}` } : { line, text: content };
    if (continued) continue;
    found.push(split(open));
    open = undefined;
  }
  if (open) found.push(split(open));
  return found;
}

function split({ line, text }: { line: number; text: string }): Instruction {
  const match = /^([A-Za-z]+)(?:\s+([\s\S]*))?$/.exec(text.trim());
  if (!match?.[1]) throw invalid({ line, name: 'Dockerfile', text }, `"${text.slice(0, 40)}" is no instruction`);
  const instruction = { line, name: match[1].toUpperCase(), text: (match[2] ?? '').trim() };
  if (instruction.text === '') throw invalid(instruction, `${instruction.name} needs a value`);
  return instruction;
}

function copy(instruction: Instruction, workdir: string): Omit<CopyStep, 'line'> {
  const { text } = instruction;
  const flag = /^--([\w-]+)/.exec(text)?.[1];
  if (flag) throw unsupported(instruction, `the flag --${flag} is not possible: files are owned by root`);
  if (text.startsWith('<<')) throw unsupported(instruction, 'COPY takes files of the repository alone');
  const words = text.startsWith('[') ? jsonList(instruction) : text.split(/\s+/);
  const target = words.at(-1) ?? '';
  const sources = words.slice(0, -1);
  if (sources.length === 0) throw invalid(instruction, 'COPY needs a source and a target');
  for (const source of sources) {
    if (posix.join('/', source) !== posix.normalize(`/${source}`) || source.split('/').includes('..')) {
      throw invalid(instruction, `"${source}" is outside the repository`);
    }
  }
  const folder = target.endsWith('/') || target === '.' || target.endsWith('/.') || sources.length > 1;
  const resolved = posix.resolve(workdir, target);
  return { sources, target: folder && resolved !== '/' ? `${resolved}/` : resolved };
}

function pairs(instruction: Instruction): Record<string, string> {
  const { text, name } = instruction;
  if (!/^[^\s=]+=/.test(text)) {
    const old = /^(\S+)\s+(.+)$/.exec(text);
    if (!old?.[1] || name !== 'ENV') throw invalid(instruction, `${name} takes NAME=VALUE`);
    return { [old[1]]: old[2] ?? '' };
  }
  const found: Record<string, string> = {};
  const pattern = /([^\s=]+)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*)(?:\s+|$)/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match?.[1]) throw invalid(instruction, `${name} takes NAME=VALUE`);
    const value = match[2] ?? '';
    const single = value.startsWith("'");
    const bare = /^["']/.test(value) ? value.slice(1, -1) : value;
    found[match[1]] = single ? bare : bare.replace(/\\(.)/g, '$1');
  }
  return found;
}

function execForm(instruction: Instruction): string[] {
  if (!instruction.text.startsWith('[')) {
    throw unsupported(instruction, 'there is no shell in the image: write it as a list, ["node", "server.js"]');
  }
  return jsonList(instruction);
}

function jsonList(instruction: Instruction): string[] {
  try {
    const list: unknown = JSON.parse(instruction.text);
    if (Array.isArray(list) && list.length > 0 && list.every(entry => typeof entry === 'string')) return list;
  } catch {
    // told below
  }
  throw invalid(instruction, `${instruction.name} needs a JSON list of strings`);
}

function unsupported({ line, name }: Instruction, reason: string): DarumaError {
  return new DarumaError('UNSUPPORTED_FIELD', `Dockerfile line ${line}: ${name} is not supported: ${reason}`, {
    hint: `mend line ${line} of the Dockerfile`,
    data: { line, instruction: name },
  });
}

function invalid({ line, name }: Instruction, reason: string): DarumaError {
  return new DarumaError('INVALID_INPUT', `Dockerfile line ${line}: ${reason}`, {
    hint: `mend line ${line} of the Dockerfile`,
    data: { line, instruction: name },
  });
}
