// Port-forward over a WebSocket's channels (v4.channel.k8s.io): two channels for each port, data and error.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { messageOf } from '../../../core/index.ts';
import { ChannelSocket } from './websocket-channels.ts';

/** Connects the ports in the order in which the client asked for them. `connect` reaches a port of the pod. */
export async function forwardChannels(
  socket: WebSocket,
  ports: readonly number[],
  connect: (port: number) => Promise<Duplex>,
): Promise<void> {
  const channels = new ChannelSocket(socket);
  const connections: (Duplex | undefined)[] = [];
  const early: Buffer[][] = ports.map(() => []);
  socket.once('close', () => {
    for (const connection of connections) connection?.destroy();
  });
  channels.receive(
    (channel, data) => {
      const index = channel >> 1;
      if (channel % 2 !== 0 || index >= ports.length) return;
      const connection = connections[index];
      if (connection) connection.write(data);
      else early[index]?.push(data);
    },
    channel => connections[channel >> 1]?.end(),
  );
  await Promise.all(
    ports.map(async (port, index) => {
      // Each channel begins with its port, so that the client can tell them apart.
      const name = Buffer.alloc(2);
      name.writeUInt16LE(port);
      channels.send(index * 2, name);
      channels.send(index * 2 + 1, name);
      try {
        const connection = await connect(port);
        if (!channels.isOpen) {
          connection.destroy();
          return;
        }
        connections[index] = connection;
        for (const data of early[index] ?? []) connection.write(data);
        for await (const chunk of connection) {
          channels.send(index * 2, chunk as Buffer);
          await channels.drained();
        }
      } catch (error) {
        channels.send(index * 2 + 1, Buffer.from(`error forwarding port ${port}: ${messageOf(error)}`));
      }
    }),
  );
  channels.close();
}
