// Everything that the environment may set, read once.

const LEVELS = ['debug', 'info', 'warn', 'error'];

export function readSettings(env = process.env) {
  const logLevel = env.LOG_LEVEL ?? 'info';
  if (!LEVELS.includes(logLevel)) throw new Error(`LOG_LEVEL is ${logLevel}; it must be one of ${LEVELS.join(', ')}`);
  return {
    port: Number(env.PORT ?? 8080),
    environment: env.ENVIRONMENT ?? 'local',
    version: env.APP_VERSION ?? 'development',
    logLevel,
    drainMs: Number(env.DRAIN_MS ?? 0),
  };
}

/** Logs one JSON line for each message of `logLevel` and above. */
export function createLog({ logLevel }, write = line => process.stdout.write(`${line}\n`)) {
  const least = LEVELS.indexOf(logLevel);
  return (level, message, fields = {}) => {
    if (LEVELS.indexOf(level) >= least) write(JSON.stringify({ time: new Date().toISOString(), level, message, ...fields }));
  };
}
