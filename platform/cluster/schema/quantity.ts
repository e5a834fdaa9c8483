// Resource quantities (`500m`, `1.5Gi`, `1e3`) as k8s.io/apimachinery/pkg/api/resource reads, compares and writes them.
import { DarumaError } from '../../core/index.ts';

export interface Quantity {
  /** The value in billionths, exact; smaller parts are rounded up as the real server does. */
  readonly nanos: bigint;
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
}

export const quantityPattern = '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$';

const decimalSuffixes: Record<string, number> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const binarySuffixes: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const suffixOfExponent = new Map(Object.entries(decimalSuffixes).map(([suffix, exponent]) => [exponent, suffix]));
const binaryNames = ['', ...Object.keys(binarySuffixes)];
const nano = 1_000_000_000n;
const maxBinary = (2n ** 63n - 1n) * nano;

/** @throws DarumaError INVALID_INPUT with the real server's text when it is none. */
export function parseQuantity(text: string): Quantity {
  const result = read(text);
  if (typeof result === 'string') throw new DarumaError('INVALID_INPUT', result);
  return result;
}

export function isQuantity(text: string): boolean {
  return typeof read(text) !== 'string';
}

const formatError = `quantities must match the regular expression '${quantityPattern}'`;

function read(text: string): Quantity | string {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/.exec(text);
  if (!match || text === '') return formatError;
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole === '' && fraction === '' && !/^[+-]?\.?$/.test(text) && match[3] === undefined) return formatError;
  const digits = BigInt(`${whole}${fraction}` || '0');
  let numerator = digits;
  let denominator = 10n ** BigInt(fraction.length);
  let format: Quantity['format'];
  const decimal = Object.hasOwn(decimalSuffixes, suffix) ? decimalSuffixes[suffix] : undefined;
  const binary = Object.hasOwn(binarySuffixes, suffix) ? binarySuffixes[suffix] : undefined;
  if (binary !== undefined) {
    format = 'BinarySI';
    numerator <<= binary;
  } else {
    let exponent = decimal;
    format = 'DecimalSI';
    if (exponent === undefined) {
      const scientific = /^[eE]([+-]?\d+)$/.exec(suffix);
      if (!scientific) return "unable to parse quantity's suffix";
      exponent = Number(scientific[1]);
      format = 'DecimalExponent';
      if (Math.abs(exponent) > 1000) return "unable to parse quantity's suffix";
    }
    if (exponent >= 0) numerator *= 10n ** BigInt(exponent);
    else denominator *= 10n ** BigInt(-exponent);
  }
  numerator *= nano;
  let nanos = numerator / denominator;
  if (numerator % denominator !== 0n) nanos += 1n;
  if (format === 'BinarySI') {
    if (nanos > maxBinary) nanos = maxBinary;
    if (nanos > 0n && nanos < nano) format = 'DecimalSI';
  }
  return { nanos: sign === '-' ? -nanos : nanos, format };
}

export function compareQuantity(left: Quantity, right: Quantity): -1 | 0 | 1 {
  return left.nanos < right.nanos ? -1 : left.nanos > right.nanos ? 1 : 0;
}

/** The sum, in the format of the left one (of the right one when the left is zero). */
export function addQuantity(left: Quantity, right: Quantity): Quantity {
  return { nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** The difference, in the format of the left one (of the right one when the left is zero). */
export function subtractQuantity(left: Quantity, right: Quantity): Quantity {
  return { nanos: left.nanos - right.nanos, format: left.nanos === 0n ? right.format : left.format };
}

/** The value in whole units, rounded up, as Go's `Value()`; in thousandths for `MilliValue()`. */
export function quantityValue(quantity: Quantity, unit: 'whole' | 'milli' = 'whole'): number {
  const size = unit === 'whole' ? nano : 1_000_000n;
  const floor = quantity.nanos / size;
  return Number(quantity.nanos > 0n && quantity.nanos % size !== 0n ? floor + 1n : floor);
}

/** The canonical text: `0.5` → `500m`, `1024Mi` → `1Gi`. @throws DarumaError INVALID_INPUT */
export function canonicalQuantity(text: string): string {
  // Whole small numbers are canonical already, and by far the most common.
  return /^[1-9]\d{0,2}(?:Mi|m|Gi)?$/.test(text) ? text : formatQuantity(parseQuantity(text));
}

export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const size = nanos < 0n ? -nanos : nanos;
  // What is small or no whole number is shown as a decimal, which loses nothing.
  if (format === 'BinarySI' && size >= 1024n * nano && nanos % nano === 0n) {
    let value = nanos / nano;
    let power = 0;
    while (power < binaryNames.length - 1 && value % 1024n === 0n) {
      value /= 1024n;
      power += 1;
    }
    return `${value}${binaryNames[power] ?? ''}`;
  }
  let value = nanos;
  let exponent = -9;
  while (value % 1000n === 0n && (exponent < 18 || format === 'DecimalExponent')) {
    value /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? `${value}` : `${value}e${exponent}`;
  return `${value}${suffixOfExponent.get(exponent) ?? ''}`;
}
