// Upgraded connections: exec, attach and port-forward, authorized like every other request.
import { setMaxListeners } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { messageOf } from '../../../core/index.ts';
import type { PodConnector, PodTarget } from '../../pod-connector.ts';
import type { ApiParts } from '../api-parts.ts';
import type { AuditLog } from '../audit.ts';
import { findPod, targetOf } from '../endpoints/pod-target.ts';
import type { UpgradeHandler } from '../http-server.ts';
import type { ApiRequest, RequestContext } from '../request-context.ts';
import { admitRequest, auditEntry, failureResponse } from '../request-handler.ts';
import { isTrue } from '../request-info.ts';
import { badRequest, internalError, noSuchResource, notAcceptable } from '../status-error.ts';
import { forwardChannels } from './channel-port-forward.ts';
import { runRemoteCommand } from './remote-command.ts';
import { SpdyConnection } from './spdy-connection.ts';
import { serveSpdyPortForward } from './spdy-port-forward.ts';
import { REMOTE_COMMAND_PROTOCOLS } from './websocket-channels.ts';

const TUNNEL_PROTOCOL = 'SPDY/3.1+portforward.k8s.io';
const PORT_PROTOCOLS = [TUNNEL_PROTOCOL, 'v4.channel.k8s.io'];
const MESSAGE_LIMIT_BYTES = 32 * 1024 * 1024;

/** What becomes of a connection once it is upgraded. */
interface Upgrade {
  protocols: readonly string[];
  serve(socket: WebSocket): Promise<void>;
}

const flag = (query: URLSearchParams, name: string): boolean => query.has(name) && isTrue(query.get(name));

function connectorOf(parts: ApiParts, context: RequestContext, nodeName: string | undefined): PodConnector {
  if (!nodeName) throw badRequest(`pod ${context.info.name} does not have a host assigned`);
  const connector = parts.connector();
  if (!connector) throw internalError(`no node serves the streams of pod ${context.info.name}`);
  return connector;
}

function remoteCommand(connector: PodConnector, target: PodTarget, query: URLSearchParams, attach: boolean): Upgrade {
  const tty = flag(query, 'tty');
  const streams = { stdin: flag(query, 'stdin'), stdout: flag(query, 'stdout'), stderr: flag(query, 'stderr'), tty };
  const command = query.getAll('command');
  if (!attach && command.length === 0) throw badRequest('you must specify at least 1 container command');
  if (!streams.stdin && !streams.stdout && !streams.stderr)
    throw badRequest('you must specify at least one of stdin, stdout, stderr');
  // An attach has no command: the node joins the container's own process.
  const start = () => connector.exec(target, { command, stdin: streams.stdin, tty });
  return { protocols: REMOTE_COMMAND_PROTOCOLS, serve: socket => runRemoteCommand(socket, streams, start) };
}

function portForward(connector: PodConnector, target: PodTarget, query: URLSearchParams, protocol: string): Upgrade {
  const connect = (port: number) => connector.portForward(target, port);
  if (protocol === TUNNEL_PROTOCOL)
    return { protocols: PORT_PROTOCOLS, serve: socket => serveSpdyPortForward(SpdyConnection.overWebSocket(socket), connect) };
  const ports = query
    .getAll('ports')
    .flatMap(value => value.split(','))
    .map(Number);
  if (ports.length === 0) throw badRequest(`query parameter "ports" is required`);
  const wrong = ports.find(port => !Number.isInteger(port) || port < 1 || port > 65535);
  if (wrong !== undefined) throw badRequest(`port ${wrong} must be greater than 0`);
  return { protocols: PORT_PROTOCOLS, serve: socket => forwardChannels(socket, ports, connect) };
}

function upgradeOf(parts: ApiParts, context: RequestContext, protocol: string): Upgrade {
  const { group, version, resource: plural, subresource, query } = context.info;
  const resource = parts.resources.find(group, version, plural);
  if (resource?.collection !== '/pods') throw noSuchResource();
  if (subresource !== 'exec' && subresource !== 'attach' && subresource !== 'portforward') throw noSuchResource();
  const pod = findPod(parts, context, resource);
  const { namespace = '', name = '' } = pod.pod.metadata;
  const target = subresource === 'portforward' ? { namespace, name } : targetOf(pod, query.get('container'));
  const connector = connectorOf(parts, context, pod.spec.nodeName);
  return subresource === 'portforward'
    ? portForward(connector, target, query, protocol)
    : remoteCommand(connector, target, query, subresource === 'attach');
}

function refuse(socket: Duplex, parts: ApiParts, error: unknown, request: ApiRequest): number {
  const { status, headers, body = '' } = failureResponse(parts, error, request);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...lines,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${Buffer.from(body).toString()}`);
  return status;
}

const offered = (message: IncomingMessage): string[] =>
  (message.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map(protocol => protocol.trim())
    .filter(protocol => protocol !== '');

/** The connections end with `signal`. */
export function upgradeHandler(parts: ApiParts, audit: AuditLog, signal: AbortSignal): UpgradeHandler {
  setMaxListeners(0, signal);
  const server = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_LIMIT_BYTES });
  // The protocol is negotiated here: Kubernetes' names contain characters that the WebSocket library refuses.
  const chosen = new WeakMap<IncomingMessage, string>();
  server.on('headers', (headers, message) => headers.push(`Sec-WebSocket-Protocol: ${chosen.get(message) ?? ''}`));
  const handle = async (request: ApiRequest, socket: Duplex, head: Buffer, message: IncomingMessage) => {
    let context: RequestContext | undefined;
    let status = 101;
    try {
      context = await admitRequest(parts, request);
      if (message.headers.upgrade?.toLowerCase() !== 'websocket')
        throw badRequest('unable to upgrade: only websocket is supported');
      const protocols = offered(message);
      const { protocols: known, serve } = upgradeOf(parts, context, protocols.find(name => PORT_PROTOCOLS.includes(name)) ?? '');
      const protocol = known.find(name => protocols.includes(name));
      if (protocol === undefined) throw notAcceptable(known);
      chosen.set(message, protocol);
      delete message.headers['sec-websocket-protocol'];
      server.handleUpgrade(message, socket, head, websocket => {
        const end = () => websocket.terminate();
        signal.addEventListener('abort', end, { once: true });
        websocket.once('close', () => signal.removeEventListener('abort', end));
        websocket.on('error', () => websocket.terminate());
        serve(websocket).catch((error: unknown) => {
          parts.logger.warn('a stream ended with an error', { url: request.url, error: messageOf(error) });
          websocket.terminate();
        });
      });
    } catch (error) {
      status = refuse(socket, parts, error, request);
    }
    if (context) audit.record(auditEntry(context, { code: status }));
  };
  return (request, socket, head, message) => {
    handle(request, socket, head, message).catch((error: unknown) => {
      parts.logger.warn('an upgrade failed', { url: request.url, error: messageOf(error) });
      socket.destroy();
    });
  };
}
