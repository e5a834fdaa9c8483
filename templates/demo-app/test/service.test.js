import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createService } from '../src/service.js';
import { createLog, readSettings } from '../src/settings.js';

const settings = readSettings({ ENVIRONMENT: 'test', APP_VERSION: 'abc', LOG_LEVEL: 'error' });
const service = createService({ settings, log: createLog(settings, () => {}) });
let url;

before(async () => {
  await new Promise(resolve => service.server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${service.server.address().port}`;
});
after(() => service.drain());

test('answers with a greeting', async () => {
  const response = await fetch(`${url}/?name=ana`);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'Hello, Ana\n');
});

test('tells its version and environment', async () => {
  assert.deepEqual(await (await fetch(`${url}/version`)).json(), { version: 'abc', environment: 'test', logLevel: 'error' });
});

test('is alive and ready, and counts its requests', async () => {
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await fetch(`${url}/nothing`)).status, 404);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /demo_http_requests_total\{path="\/readyz",status="200"\} 1/);
});
