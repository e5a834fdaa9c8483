// exec and attach: a process's streams on the channels of a WebSocket, its end as a Status on the error channel.
import type { Readable } from 'node:stream';
import type { WebSocket } from 'ws';
import { messageOf } from '../../../core/index.ts';
import type { ExecSession } from '../../pod-connector.ts';
import { ChannelSocket, ERROR, RESIZE, STDERR, STDIN, STDOUT } from './websocket-channels.ts';

interface CommandStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

const success = { metadata: {}, status: 'Success' };

function exitStatus(code: number, message: string | undefined): object {
  if (code === 0) return success;
  return {
    metadata: {},
    status: 'Failure',
    message: message ?? `command terminated with non-zero exit code: exit status ${code}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

const failure = (message: string): object => ({
  metadata: {},
  status: 'Failure',
  message,
  reason: 'InternalError',
  details: { causes: [{ message }] },
  code: 500,
});

async function copy(from: Readable | undefined, channels: ChannelSocket, channel: number): Promise<void> {
  if (!from) return;
  try {
    for await (const chunk of from) {
      channels.send(channel, chunk as Buffer);
      await channels.drained();
    }
  } catch {
    // The stream of a process that was killed ends with an error; its exit tells why.
  }
}

/** Joins a session and a client until either ends. `start` begins the process when the client is connected. */
export async function runRemoteCommand(
  socket: WebSocket,
  streams: CommandStreams,
  start: () => Promise<ExecSession>,
): Promise<void> {
  const channels = new ChannelSocket(socket);
  let session: ExecSession;
  const early: [number, Buffer][] = [];
  const closedEarly: number[] = [];
  let onData = (channel: number, data: Buffer): void => void early.push([channel, data]);
  let onClose = (channel: number): void => void closedEarly.push(channel);
  channels.receive(
    (channel, data) => onData(channel, data),
    channel => onClose(channel),
  );
  try {
    session = await start();
  } catch (error) {
    channels.send(ERROR, Buffer.from(JSON.stringify(failure(messageOf(error)))));
    channels.close();
    return;
  }
  socket.once('close', () => session.kill());
  session.stdin?.on('error', () => {});
  onData = (channel, data) => {
    if (channel === STDIN && streams.stdin) session.stdin?.write(data);
    else if (channel === RESIZE) resize(session, data);
  };
  onClose = channel => {
    if (channel === STDIN) session.stdin?.end();
  };
  for (const [channel, data] of early) onData(channel, data);
  for (const channel of closedEarly) onClose(channel);
  if (!channels.isOpen) session.kill();
  await Promise.all([copy(session.stdout, channels, STDOUT), streams.tty ? undefined : copy(session.stderr, channels, STDERR)]);
  const { code, message } = await session.exit;
  channels.send(ERROR, Buffer.from(JSON.stringify(exitStatus(code, message))));
  channels.close();
}

function resize(session: ExecSession, data: Buffer): void {
  try {
    const { Width, Height } = JSON.parse(data.toString()) as { Width?: number; Height?: number };
    if (Number.isInteger(Width) && Number.isInteger(Height)) session.resize(Width as number, Height as number);
  } catch {
    // A size that cannot be read changes nothing.
  }
}
