// Runs git's pack services by node-git-server, around what its 1.0.0 does not do: it finds refs by a pattern in the first chunk
// and waits for ever where there is none, dies of a broken gzip body or a vanished git, and leaves git behind when a client goes.
import { type ChildProcess, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Readable, Transform } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { noCache, packSideband, Service } from 'node-git-server';
import { gitEnvironment } from './git-command.ts';

export type PackServiceName = 'upload-pack' | 'receive-pack';

export interface PackRequest {
  service: PackServiceName;
  repositoryPath: string;
  request: IncomingMessage;
  response: ServerResponse;
  /** Called as soon as git has its process id, before it reads anything. */
  started?: (pid: number) => void;
}

export interface PackResult {
  code: number | null;
  /** The end of what git wrote to its stderr. */
  stderr: string;
}

/** A first chunk of 4 bytes keeps the library's patterns (one of them quadratic) away from what clients send. */
function splitFirstChunk(): Transform {
  let first = true;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (first && chunk.length > 4) {
        this.push(chunk.subarray(0, 4));
        this.push(chunk.subarray(4));
      } else this.push(chunk);
      first = false;
      done();
    },
  });
}

/** Answers `GET info/refs`: protocol version 0, which every client speaks and which spares a fetch one round trip. */
export function advertiseRefs({
  service,
  repositoryPath,
  response,
}: Omit<PackRequest, 'request' | 'started'>): Promise<PackResult> {
  response.setHeader('content-type', `application/x-git-${service}-advertisement`);
  noCache(response);
  response.write(`${packSideband(`# service=git-${service}\n`)}0000`);
  const args = ['--stateless-rpc', '--advertise-refs', repositoryPath];
  const child = spawn(`git-${service}`, args, { env: gitEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.pipe(response);
  return ended(child, response);
}

/** Runs `POST git-upload-pack` or `git-receive-pack` until git has ended; its answer goes to the response. */
export function runPackService({ service, repositoryPath, request, response, started }: PackRequest): Promise<PackResult> {
  return new Promise((resolve, reject) => {
    response.setHeader('content-type', `application/x-git-${service}-result`);
    noCache(response);
    const body = splitFirstChunk();
    let child: ChildProcess | undefined;
    const fail = (error: Error): void => {
      // The end of git's output would end the answer as a success.
      if (!response.headersSent) {
        response.statusCode = 400;
        response.setHeader('content-type', 'text/plain; charset=utf-8');
        response.end('the request could not be read to its end\n');
      }
      child?.kill('SIGKILL');
      reject(error);
    };
    const gzipped = /^(x-)?gzip$/i.test(request.headers['content-encoding'] ?? '');
    const source: Readable = gzipped ? request.pipe(createGunzip()) : request;
    source.on('error', fail);
    request.on('error', fail);
    source.pipe(body);
    // The library reads a body and its headers, no more; it must see neither the encoding nor the password.
    const input = Object.assign(body, { headers: {} }) as unknown as IncomingMessage;
    const action = new Service({ repo: repositoryPath, service, cwd: repositoryPath }, input, response);
    action.on('error', fail);
    action.on('service', (process: ChildProcess) => {
      child = process;
      process.stdin?.on('error', () => {});
      if (process.pid !== undefined) started?.(process.pid);
      ended(process, response).then(resolve, reject);
    });
    action.accept();
  });
}

function ended(child: ChildProcess, response: ServerResponse): Promise<PackResult> {
  return new Promise((resolve, reject) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-2_000);
    });
    const abandon = (): void => {
      if (!response.writableFinished) child.kill('SIGKILL');
    };
    response.once('close', abandon);
    child.once('error', reject);
    child.once('close', code => {
      response.off('close', abandon);
      resolve({ code, stderr: stderr.trim() });
    });
  });
}
