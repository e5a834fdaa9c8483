// Keeps a port that was chosen until it is served: a real cluster takes most of a minute to come, and another program may look for one meanwhile.
import { createServer } from 'node:net';
import { DarumaError } from '../../platform/core/index.ts';

/** Takes `port` on 127.0.0.1 and refuses every connection until it is disposed of. @throws DarumaError PORT_IN_USE */
export async function holdPort(port: number, { flag }: { flag: string }): Promise<AsyncDisposable> {
  const server = createServer(socket => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new DarumaError('PORT_IN_USE', `port ${port} was taken by another program meanwhile`, {
              hint: `the same command again, or ${flag} PORT`,
              cause,
            })
          : cause,
      ),
    );
    server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve);
  });
  return {
    [Symbol.asyncDispose]: () => new Promise(resolve => void server.close(() => resolve())),
  };
}
