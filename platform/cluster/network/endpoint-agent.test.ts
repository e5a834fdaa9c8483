import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { EndpointAgent } from './endpoint-agent.ts';
import { dial } from './endpoint-connection.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

it('opens a new connection when the pod has closed an idle one', async () => {
  let connections = 0;
  const server = createServer({ keepAliveTimeout: 1 }, (_request, response) => response.end('ok'));
  server.on('connection', socket => {
    connections++;
    socket.once('close', () => void closed++);
  });
  let closed = 0;
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const agent = new EndpointAgent(({ address, port: at }) => dial({ host: address, port: at }), { keepAlive: true });
  cleanups.push(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const get = () =>
    new Promise<string>((resolve, reject) => {
      const sent = request(
        { ...EndpointAgent.place({ address: '127.0.0.1', port }), path: '/', agent, timeout: 5_000 },
        response => {
          response.setEncoding('utf8');
          response.once('data', resolve);
        },
      );
      sent.once('timeout', () => sent.destroy(new Error('no answer')));
      sent.once('error', reject);
      sent.end();
    });
  expect(await get()).toBe('ok');
  await expect.poll(() => closed, { timeout: 20_000 }).toBe(1);
  expect(await get()).toBe('ok');
  expect(connections).toBe(2);
});
