// kubectl's way with running containers, on the whole platform: logs, exec, cp, port-forward, rollouts that keep answering.
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasKubectl, Kubectl } from '../drivers/kubectl.ts';
import { TestPlatform } from '../drivers/platform.ts';

const ANY_PORTS = ['--port', '0', '--git-port', '0', '--registry-port', '0', '--ingress-port', '0', '--cluster-port', '0'];
const DEADLINE = { timeout: 90_000 };
let platform: TestPlatform;
let k: Kubectl;
let image: string;

const get = (port: string, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false }, response => {
      let body = '';
      response.on('data', chunk => (body += String(chunk)));
      response.on('end', () => resolve(`${response.statusCode} ${body}`));
    })
      .once('error', reject)
      .end();
  });

describe.skipIf(!hasKubectl)('kubectl on running containers (skipped where kubectl is not installed)', () => {
  beforeAll(async () => {
    platform = await TestPlatform.up(...ANY_PORTS);
    k = await Kubectl.on(platform.status.kubeconfig);
    image = await k.ok('-n dev get deployment demo -o jsonpath={.spec.template.spec.containers[0].image}');
    await k.ok('create namespace trial');
    const script = (text: string) => ['sh', '-c', text];
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'pair', namespace: 'trial', labels: { app: 'pair' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: 'talk', image, command: script('i=0; while true; do echo line $i; i=$((i+1)); sleep 0.2; done') },
          { name: 'quiet', image, command: script('echo "only this" >&2; exec sleep 1000') },
        ],
      },
    };
    const failing = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'failing', namespace: 'trial' },
      spec: { containers: [{ name: 'main', image, command: script('echo "run at $(date +%N)"; exit 3') }] },
    };
    await k.ok(`apply -f ${await k.file('pods.yaml', pod, failing)}`);
    await k.ok('-n trial wait pod/pair --for=condition=Ready --timeout=60s');
  });

  afterAll(async () => {
    await k?.[Symbol.asyncDispose]();
    await platform?.[Symbol.asyncDispose]();
  });

  it('shows logs: of a container, a tail, since, with times, followed, of the run before, of a workload', DEADLINE, async () => {
    await expect.poll(() => k.ok('-n trial logs pair'), DEADLINE).toContain('line 3');
    expect((await k.ok('-n trial logs pair -c talk --tail=2')).split('\n')).toHaveLength(2);
    expect(await k.ok('-n trial logs pair -c quiet')).toBe('only this');
    expect(await k.ok('-n trial logs pair --tail=1 --timestamps')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z line \d+$/);
    expect(await k.ok('-n trial logs pair --since=1h --limit-bytes=6')).toBe('line 0');
    expect(await k.ok('-n trial logs -l app=pair --all-containers --prefix --tail=1')).toMatch(/\[pod\/pair\/quiet\] only this/);
    expect(await k.ok('-n dev logs deployment/demo --tail=-1')).toContain('listening');
    expect(await k.fails('-n trial logs pair -c nobody')).toContain('container nobody is not valid for pod pair');

    const stop = new AbortController();
    const following = k.start(['-n', 'trial', 'logs', '-f', 'pair', '--tail=1'], { signal: stop.signal });
    let seen = '';
    following.stdout?.on('data', (chunk: Buffer) => (seen += String(chunk)));
    await expect.poll(() => seen.split('\n').length, DEADLINE).toBeGreaterThan(4);
    stop.abort();
    await following;

    const restarts = () => k.ok('-n trial get pod failing -o jsonpath={.status.containerStatuses[0].restartCount}');
    await expect.poll(async () => Number(await restarts()), DEADLINE).toBeGreaterThan(0);
    expect(await k.ok('-n trial logs failing --previous')).toMatch(/^run at \d+/);
    expect(await k.ok('-n trial describe pod failing')).toMatch(/Last State: +Terminated\n +Reason: +Error\n +Exit Code: +3/);
    expect(await k.ok('-n trial get pod failing')).toMatch(/failing +0\/1 +(CrashLoopBackOff|Error)/);
  });

  it('runs commands: output apart, input, exit codes, on a terminal', DEADLINE, async () => {
    const both = await k.run(['-n', 'trial', 'exec', 'pair', '-c', 'quiet', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(both).toMatchObject({ exitCode: 7, stdout: 'out' });
    expect(both.stderr).toContain('err\ncommand terminated with exit code 7');
    const text = 'x'.repeat(200_000);
    expect(await k.ok('-n trial exec -i pair -c quiet -- cat', { input: text })).toBe(text);
    expect(await k.ok('-n trial exec -i pair -c quiet -- wc -c', { input: '' })).toBe('0');
    expect(await k.fails('-n trial exec pair -c quiet -- nonesuch')).toContain('nonesuch');
    expect(await k.fails('-n trial exec nobody -- true')).toContain('pods "nobody" not found');
    expect(await k.ok('-n dev exec deployment/demo -- node -p 6*7')).toBe('42');
    const command = 'kubectl -n trial exec -it pair -c quiet -- sh -c "tty; exit 4"';
    const terminal = await execa('script', ['-qec', command, '/dev/null'], { reject: false, input: '', env: k.env });
    expect(terminal.stdout).toContain('/dev/pts/');
    expect(terminal.exitCode).toBe(4);
  });

  it('attaches: input of a new pod, output of one that runs', DEADLINE, async () => {
    const run = ['-n', 'trial', 'run', 'echo', `--image=${image}`, '--restart=Never', '-i', '--rm', '--quiet', '--command', '--'];
    const echoed = await k.run([...run, 'sh', '-c', 'while read line; do echo "got $line"; done; exit 5'], {
      input: 'one\ntwo\n',
    });
    expect(echoed.stdout).toMatch(/got one\ngot two/);
    expect(echoed.exitCode).toBe(5);
    expect(await k.ok('-n trial get pods -o name')).not.toContain('echo');

    const stop = new AbortController();
    const attached = k.start(['-n', 'trial', 'attach', 'pair', '-c', 'talk'], { signal: stop.signal });
    let seen = '';
    attached.stdout?.on('data', (chunk: Buffer) => (seen += String(chunk)));
    await expect.poll(() => seen, DEADLINE).toMatch(/line \d+\nline \d+\n/);
    stop.abort();
    await attached;
    expect(await k.ok('-n trial get pod pair -o jsonpath={.status.containerStatuses[*].restartCount}')).toBe('0 0');
  });

  it('debugs a running pod by an ephemeral container', DEADLINE, async () => {
    const debug = ['-n', 'trial', 'debug', 'pair', '-i', '--profile=general', `--image=${image}`, '--container=probe', '--'];
    const { stdout } = await k.run([...debug, 'sh', '-c', 'read line; echo "seen $line"'], { input: 'this\n' });
    expect(stdout).toContain('seen this');
    const state = '{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}';
    await expect.poll(() => k.ok(`-n trial get pod pair -o jsonpath=${state}`), DEADLINE).toBe('0');
    expect(await k.ok('-n trial logs pair -c probe')).toBe('seen this');
    expect(await k.ok('-n trial get pod pair')).toMatch(/pair +2\/2 +Running +0/);
  });

  it('copies files and folders in both directions', DEADLINE, async () => {
    const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));
    await writeFile(join(k.folder, 'there.bin'), bytes);
    await k.ok('cp there.bin trial/pair:/tmp/there.bin -c quiet');
    expect(await k.ok('-n trial exec pair -c quiet -- sh -c wc${IFS}-c</tmp/there.bin')).toBe('50000');
    await k.ok('cp trial/pair:/tmp/there.bin back.bin -c quiet');
    expect((await readFile(join(k.folder, 'back.bin'))).equals(bytes)).toBe(true);
  });

  it('forwards ports of pods and services', DEADLINE, async () => {
    const pod = await k.ok('-n dev get pods -o jsonpath={.items[0].metadata.name}');
    for (const target of [`pod/${pod}`, 'service/demo', 'deployment/demo']) {
      const stop = new AbortController();
      const port = target.startsWith('service') ? ':80' : ':8080';
      const forwarding = k.start(['-n', 'dev', 'port-forward', target, port], { signal: stop.signal });
      let said = '';
      forwarding.stdout?.on('data', (chunk: Buffer) => (said += String(chunk)));
      forwarding.stderr?.on('data', (chunk: Buffer) => (said += String(chunk)));
      await expect.poll(() => said, { timeout: 60_000 }).toMatch(/Forwarding from 127\.0\.0\.1:\d+/);
      const local = /127\.0\.0\.1:(\d+)/.exec(said)?.[1] ?? '';
      const answers = await Promise.all(Array.from({ length: 10 }, () => get(local, '/healthz')));
      expect(new Set(answers)).toEqual(new Set(['200 ok\n']));
      stop.abort();
      await forwarding;
    }
  });

  it('restarts a workload without an unanswered request, and shows jobs to their end', DEADLINE, async () => {
    const answers: number[] = [];
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted)
        answers.push((await platform.http('demo.prod.localhost', '/healthz').catch(() => ({ status: 0 }))).status);
    })();
    // Self-healing is off in prod, so that the annotation of the restart stays.
    await k.ok('-n prod rollout restart deployment/demo');
    expect(await k.ok('-n prod rollout status deployment/demo --timeout=80s')).toContain('successfully rolled out');
    stop.abort();
    await asking;
    expect(answers.filter(status => status !== 200)).toEqual([]);

    await k.succeed(['-n', 'trial', 'create', 'job', 'once', `--image=${image}`, '--', 'sh', '-c', 'echo done']);
    await k.ok('-n trial wait job/once --for=condition=Complete --timeout=60s');
    expect(await k.ok('-n trial logs job/once')).toBe('done');
    await k.ok(`-n trial create cronjob often --image=${image} --schedule=@yearly -- true`);
    await k.ok('-n trial create job now --from=cronjob/often');
    await k.ok('-n trial wait job/now --for=condition=Complete --timeout=60s');
  });

  it('ends pods with what they own', DEADLINE, async () => {
    await k.ok('-n trial delete pod failing --force --grace-period=0');
    await k.ok('-n trial delete pod pair --grace-period=1');
    await k.ok('delete namespace trial --timeout=60s');
    expect(await k.ok('get pods -A -o name')).not.toContain('pair');
  });
});
