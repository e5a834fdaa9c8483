// Starts the service and ends it without dropping a request.
import { createService } from './service.js';
import { createLog, readSettings } from './settings.js';

const settings = readSettings();
const log = createLog(settings);
const service = createService({ settings, log });

service.server.listen(settings.port, () => log('info', 'listening', { port: settings.port, version: settings.version }));
service.server.on('error', error => {
  log('error', 'cannot listen', { port: settings.port, error: error.message });
  process.exitCode = 1;
});

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    log('info', 'draining', { signal });
    void service.drain(settings.drainMs).then(() => {
      log('info', 'stopped');
      process.exit(0);
    });
  });
}
