// Log lines of a subsystem: level, subsystem, message, fields; secrets are taken out before anything is written.

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A logger whose lines carry this subsystem's name. */
  child(subsystem: string): Logger;
}

const LEVELS: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
const SECRET_KEY = /token|password|secret|authorization|credential|private/i;
const SECRET_TEXT = /(Bearer|Basic)\s+[\w.~+/=-]+|(\/\/[^\s:/@]*):[^\s/@]+@/g;

function redact(key: string, value: unknown): unknown {
  if (key !== '' && SECRET_KEY.test(key) && value !== undefined) return '[redacted]';
  if (typeof value === 'string')
    return value.replace(SECRET_TEXT, (_, scheme, url) => (scheme ? `${scheme} [redacted]` : `${url}:[redacted]@`));
  if (value instanceof Error) return redact('', value.message);
  return value;
}

/** Writes one JSON line for each message of `level` and above. `write` must not throw. */
export function createLogger(write: (line: string) => void, { level = 'info' as LogLevel, subsystem = 'daruma' } = {}): Logger {
  const log =
    (at: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (LEVELS[at] < LEVELS[level]) return;
      write(
        JSON.stringify({ time: new Date().toISOString(), level: at, subsystem, message: redact('', message), ...fields }, redact),
      );
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: name => createLogger(write, { level, subsystem: name }),
  };
}

export const silentLogger: Logger = createLogger(() => {}, { level: 'error' });
