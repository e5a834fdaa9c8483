// kubectl's way with objects: everything that needs no running container, on `daruma cluster serve` with simulated nodes.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assetPath } from '../../platform/core/index.ts';
import { hasKubectl, Kubectl } from '../drivers/kubectl.ts';

const DEADLINE = { timeout: 60_000 };
const IMAGE = 'registry.example/app:1';
let data: string;
let server: ResultPromise<{ reject: false }>;
let k: Kubectl;

describe.skipIf(!hasKubectl)('kubectl on objects (skipped where kubectl is not installed)', () => {
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'daruma-serve-'));
    const flags = ['--port', '0', '--data', data, '--ephemeral', '--simulated-nodes', 'node-a,node-b'];
    server = execa(process.execPath, [assetPath('dist/daruma.js'), 'cluster', 'serve', ...flags], { reject: false });
    const kubeconfig = await new Promise<string>((resolve, reject) => {
      server.stdout?.once('data', (chunk: Buffer) => resolve(String(chunk).trim()));
      void server.then(({ stderr }) => reject(new Error(`cluster serve ended: ${String(stderr)}`)));
    });
    k = await Kubectl.on(kubeconfig);
  });

  afterAll(async () => {
    server.kill('SIGTERM');
    expect((await server).exitCode).toBe(0);
    await k[Symbol.asyncDispose]();
    await rm(data, { recursive: true, force: true });
  });

  /** A namespace of its own; `-n` is put in front of every command that runs in it. */
  async function inNamespace(name: string): Promise<(line: string) => string> {
    await k.ok(`create namespace ${name}`);
    return line => `-n ${name} ${line}`;
  }

  const configMap = (namespace: string, name: string, values: Record<string, string>, labels?: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, ...(labels ? { labels } : {}) },
    data: values,
  });

  it('knows the server: version, resources, explain, config', async () => {
    expect(await k.ok('version')).toMatch(/Server Version: v1\.34/);
    expect((await k.ok('api-versions')).split('\n')).toEqual(expect.arrayContaining(['apps/v1', 'batch/v1', 'v1']));
    expect(await k.ok('api-resources --namespaced=true --verbs=list -o name')).toContain('deployments.apps');
    expect(await k.ok('api-resources --api-group=apps')).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
    expect(await k.ok('config current-context')).toBe('daruma');
    expect(await k.ok('config view')).toContain('client-key-data: DATA+OMITTED');
    expect(await k.ok('cluster-info')).toContain('Kubernetes control plane');
    expect(await k.ok('get --raw /readyz')).toBe('ok');
    const probe = await k.ok('explain pod.spec.containers.livenessProbe');
    expect(probe).toContain('periodSeconds');
    expect(probe).toContain('Periodic probe of container liveness.');
    expect(await k.ok('explain deployment.spec --recursive')).toContain('maxUnavailable');
    expect(await k.fails('explain pod.spec.nothing')).toContain('field "nothing" does not exist');
    expect(await k.ok('get componentstatuses')).toMatch(/scheduler +Healthy +ok/);
  });

  it('creates by generators, and says what is there in every format', DEADLINE, async () => {
    const n = await inNamespace('made');
    for (const line of [
      'create configmap settings --from-literal=a=1',
      'create secret generic hidden --from-literal=password=topsecret',
      `create deployment web --image=${IMAGE} --replicas=2 --port=8080`,
      `create job once --image=${IMAGE} -- true`,
      `create cronjob tick --image=${IMAGE} --schedule=@daily -- true`,
      'create serviceaccount robot',
      'create role reader --verb=get,list --resource=pods',
      'create rolebinding reads --role=reader --serviceaccount=made:robot',
      'create quota most --hard=pods=20',
      'create poddisruptionbudget keep --selector=app=web --min-available=1',
      'create ingress way --rule=web.localhost/*=web:80',
      'create service nodeport open --tcp=80:8080',
      'expose deployment web --port=80 --target-port=8080',
      'autoscale deployment web --min=2 --max=4',
    ])
      await k.ok(n(line));
    expect(await k.fails(n('create configmap settings'))).toContain('configmaps "settings" already exists');
    await k.ok(n('rollout status deployment/web --timeout=60s'));

    const rows = (await k.ok(n('get pods -l app=web -o wide --no-headers --field-selector status.phase=Running'))).split('\n');
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatch(/^web-\S+ +1\/1 +Running +0 +\S+ +10\.\S+ +node-[ab]/);
    expect(await k.ok(n('get deployment web -o yaml'))).toContain('kind: Deployment');
    expect(await k.json(n('get deployment web'))).toMatchObject({ spec: { replicas: 2 }, status: { readyReplicas: 2 } });
    expect(await k.ok(n('get deployment web -o custom-columns=N:.metadata.name,R:.spec.replicas --no-headers'))).toMatch(
      /^web +2$/,
    );
    expect(await k.ok(n('get deployment web -o jsonpath={.spec.replicas}'))).toBe('2');
    expect(await k.ok(n('get configmap settings -o go-template={{.data.a}}'))).toBe('1');
    expect(await k.ok(n('get deployments,services -o name'))).toContain('service/web');
    expect(await k.ok(n('get all'))).toMatch(/deployment\.apps\/web +2\/2/);
    expect(await k.ok('get pods -A --sort-by=.metadata.name --chunk-size=1 -L app')).toContain('web');
    expect(await k.fails(n('get deployment nothing'))).toContain('deployments.apps "nothing" not found');
    expect(await k.fails('get nothing')).toContain(`doesn't have a resource type "nothing"`);
    expect((await k.run(['-n', 'made', 'get', 'cm', '-l', 'app=none'])).stderr).toContain('No resources found in made namespace');

    const described: [string, RegExp][] = [
      ['deployment web', /Replicas: +2 desired \| 2 updated \| 2 total \| 2 available[\s\S]*Scaled up replica set/],
      ['pod -l app=web', /Controlled By: +ReplicaSet\/web-[\s\S]*Successfully assigned/],
      ['service web', /TargetPort: +8080\/TCP\nEndpoints: +10\.\S+:8080,10\.\S+:8080/],
      ['job once', /Pods Statuses:/],
      ['cronjob tick', /Schedule: +@daily/],
      ['ingress way', /web\.localhost/],
      ['configmap settings', /a:\n----\n1/],
      ['hpa web', /Min replicas: +2/],
      ['role reader', /pods +\[\] +\[\] +\[get list\]/],
      ['serviceaccount robot', /Name: +robot/],
      ['poddisruptionbudget keep', /Min available: +1/],
    ];
    await Promise.all(described.map(async ([what, shown]) => expect(await k.ok(n(`describe ${what}`))).toMatch(shown)));
    expect(await k.ok(n('describe secret hidden'))).not.toContain('topsecret');
    expect(await k.ok('describe node node-a')).toContain('Allocated resources');
    expect(await k.ok('describe namespace made')).toMatch(/Resource Quotas\n +Name: +most/);
    expect(await k.ok(n('events --for deployment/web'))).toContain('ScalingReplicaSet');
    expect(await k.ok(n('get events --field-selector involvedObject.name=web'))).toContain('ScalingReplicaSet');
    expect(await k.fails(n('top pods'))).toContain('Metrics API not available');
    expect(await k.fails(n('debug deployment/web --image=x'))).toContain('not supported by debug');
  });

  it('watches until the watcher leaves', DEADLINE, async () => {
    const n = await inNamespace('watched');
    const stop = new AbortController();
    const watching = k.start(n('get configmaps -w -o name').split(' '), { signal: stop.signal });
    let seen = '';
    watching.stdout?.on('data', (chunk: Buffer) => (seen += String(chunk)));
    await expect.poll(() => seen, { timeout: 30_000 }).toContain('kube-root-ca.crt');
    await k.ok(n('create configmap later'));
    await expect.poll(() => seen, { timeout: 30_000 }).toContain('configmap/later');
    stop.abort();
    await watching;
  });

  it('applies on the client side: unchanged, configured, pruned; diff first', DEADLINE, async () => {
    await inNamespace('applied');
    const both = await k.file(
      'both.yaml',
      configMap('applied', 'one', { a: '1', b: '2' }, { set: 'p' }),
      configMap('applied', 'two', { a: '1' }, { set: 'p' }),
    );
    expect(await k.ok(`apply -f ${both}`)).toBe('configmap/one created\nconfigmap/two created');
    expect(await k.ok(`apply -f ${both}`)).toBe('configmap/one unchanged\nconfigmap/two unchanged');
    const changed = await k.file('changed.yaml', configMap('applied', 'one', { a: '1', c: '3' }, { set: 'p' }));
    const difference = await k.run(['diff', '-f', changed]);
    expect(difference.exitCode).toBe(1);
    expect(difference.stdout).toMatch(/-\s+b: "2"\n\+\s+c: "3"/);
    await k.ok(`diff -f ${both}`);
    const pruned = await k.ok(`apply -f ${changed} --prune -l set=p -n applied --prune-allowlist=core/v1/ConfigMap`);
    expect(pruned).toBe('configmap/one configured\nconfigmap/two pruned');
    expect(await k.ok('-n applied get configmap one -o jsonpath={.data}')).toBe('{"a":"1","c":"3"}');
    expect(await k.ok('-n applied apply view-last-applied configmap/one')).toContain('c: "3"');
    const wrong = await k.file('wrong.yaml', { ...configMap('applied', 'three', {}), bogus: true });
    expect(await k.fails(`apply -f ${wrong}`)).toContain('unknown field "bogus"');
    expect(await k.ok(`apply -f ${both} --dry-run=server`)).toContain('(server dry run)');
    expect(await k.fails('-n applied get configmap two')).toContain('not found');
  });

  it('applies on the server side: conflicts name fields and managers, force takes them', DEADLINE, async () => {
    await inNamespace('owned');
    const first = await k.file('first.yaml', configMap('owned', 'one', { a: '1', b: '2' }));
    const second = await k.file('second.yaml', configMap('owned', 'one', { a: '9' }));
    expect(await k.ok(`apply --server-side -f ${first}`)).toBe('configmap/one serverside-applied');
    expect(await k.fails(`apply --server-side --field-manager=other -f ${second}`)).toContain('conflict with "kubectl": .data.a');
    await k.ok(`apply --server-side --field-manager=other --force-conflicts -f ${second}`);
    const { data: values, metadata } = await k.json<{
      data: object;
      metadata: { managedFields: { manager: string; operation: string; fieldsV1: object }[] };
    }>('-n owned get configmap one --show-managed-fields');
    expect(values).toEqual({ a: '9', b: '2' });
    expect(metadata.managedFields.map(({ manager, operation }) => `${manager} ${operation}`)).toEqual([
      'kubectl Apply',
      'other Apply',
    ]);
    expect(metadata.managedFields[0]?.fieldsV1).toEqual({ 'f:data': { 'f:b': {} } });
    // What the first manager no longer lists goes; what another has stays.
    await k.ok(`apply --server-side -f ${await k.file('third.yaml', configMap('owned', 'one', {}))}`);
    expect(await k.ok('-n owned get configmap one -o jsonpath={.data}')).toBe('{"a":"9"}');
    // From client side to server side: kubectl moves its fields over.
    const client = await k.file('client.yaml', configMap('owned', 'two', { a: '1', b: '2' }));
    await k.ok(`apply -f ${client}`);
    await k.ok(`apply --server-side -f ${await k.file('moved.yaml', configMap('owned', 'two', { a: '1' }))}`);
    expect(await k.ok('-n owned get configmap two -o jsonpath={.data}')).toBe('{"a":"1"}');
  });

  it('edits, replaces, patches, labels and annotates', DEADLINE, async () => {
    const n = await inNamespace('changed');
    const editor = join(k.folder, 'editor.sh');
    await writeFile(editor, '#!/bin/sh\nsed -i "$EDIT" "$1"\n');
    await chmod(editor, 0o755);
    const edit = (script: string) => k.run(n('edit configmap one').split(' '), { env: { KUBE_EDITOR: editor, EDIT: script } });
    const values = () => k.ok(n('get configmap one -o jsonpath={.data}'));
    await k.ok(n('create configmap one --from-literal=a=first'));
    expect((await edit('s/a: first/a: second/')).stdout).toBe('configmap/one edited');
    expect((await edit('s/x/x/')).stderr).toContain('no changes made');
    expect((await edit('s/^kind: ConfigMap/kind: Nothing/')).exitCode).toBe(1);
    expect(await values()).toBe('{"a":"second"}');

    const whole = await k.json<{ data: object; metadata: object }>(n('get configmap one'));
    await k.ok(`replace -f ${await k.file('whole.yaml', { ...whole, data: { a: 'third' } })}`);
    expect(await k.fails(`replace -f ${join(k.folder, 'whole.yaml')}`)).toContain('the object has been modified');
    expect(
      await k.ok(`replace --force -f ${await k.file('forced.yaml', configMap('changed', 'one', { a: 'fourth' }))}`),
    ).toContain('replaced');

    await k.succeed(['-n', 'changed', 'patch', 'configmap', 'one', '-p', '{"data":{"b":"2"}}']);
    await k.succeed(['-n', 'changed', 'patch', 'configmap', 'one', '--type=merge', '-p', '{"data":{"a":null}}']);
    await k.succeed([
      '-n',
      'changed',
      'patch',
      'configmap',
      'one',
      '--type=json',
      '-p',
      '[{"op":"add","path":"/data/c","value":"3"}]',
    ]);
    expect(await values()).toBe('{"b":"2","c":"3"}');
    const failed = await k.run([
      '-n',
      'changed',
      'patch',
      'configmap',
      'one',
      '--type=json',
      '-p',
      '[{"op":"remove","path":"/data/z"}]',
    ]);
    expect(failed.stderr).toContain('The request is invalid');

    await k.ok(n('label configmap one x=y'));
    expect(await k.fails(n('label configmap one x=z'))).toContain('--overwrite');
    await k.ok(n('label configmap --all x=z --overwrite'));
    expect(await k.ok(n('get configmaps -l x=z,y!=1 -o name'))).toContain('configmap/one');
    await k.ok(n('label configmap one x-'));
    await k.ok(n('annotate configmap one note=text'));
    expect(await k.ok(n('get configmap one -o jsonpath={.metadata.annotations.note}{.metadata.labels.x}'))).toBe('text');
    await k.succeed(['-n', 'changed', 'wait', 'configmap/one', '--for=jsonpath={.data.b}=2', '--timeout=20s']);
  });

  it('rolls out: status, history, undo, pause, resume, restart, set, scale', DEADLINE, async () => {
    const n = await inNamespace('rolled');
    const done = () => k.ok(n('rollout status deployment/web --timeout=60s'));
    const image = () => k.ok(n('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}'));
    await k.ok(n(`create deployment web --image=${IMAGE} --replicas=2`));
    expect(await done()).toContain('successfully rolled out');
    await k.ok(n('set image deployment/web app=registry.example/app:2'));
    await done();
    await k.ok(n('annotate deployment web kubernetes.io/change-cause=second'));
    await expect.poll(() => k.ok(n('rollout history deployment/web')), DEADLINE).toMatch(/\n1 +<none>\n2 +second/);
    expect(await k.ok(n('rollout history deployment/web --revision=2'))).toContain('registry.example/app:2');
    await k.ok(n('rollout undo deployment/web'));
    await done();
    expect(await image()).toBe(IMAGE);
    await k.ok(n('rollout undo deployment/web --to-revision=2'));
    await done();
    expect(await image()).toBe('registry.example/app:2');

    await k.ok(n('rollout pause deployment/web'));
    await k.ok(n('set env deployment/web LEVEL=debug'));
    expect(await k.fails(n('rollout undo deployment/web'))).toContain('cannot rollback a paused deployment');
    await k.ok(n('rollout resume deployment/web'));
    await done();
    expect(await k.ok(n('set env deployment/web --list'))).toContain('LEVEL=debug');
    await k.ok(n('set resources deployment/web --requests=cpu=10m'));
    await k.ok(n('set serviceaccount deployment/web default'));
    await k.ok(n('rollout restart deployment/web'));
    await done();

    await k.ok(n('scale deployment/web --replicas=3'));
    await done();
    expect(await k.fails(n('scale deployment/web --current-replicas=7 --replicas=1'))).toContain(
      'Expected replicas to be 7, was 3',
    );
    await k.ok(n('wait --for=condition=Available deployment/web --timeout=30s'));
    await k.ok(n('scale deployment/web --replicas=0'));
    await expect.poll(() => k.ok(n('get pods -o name')), DEADLINE).toBe('');
  });

  it('deletes: cascades, orphans, force, selectors, namespaces', DEADLINE, async () => {
    const n = await inNamespace('removed');
    await k.ok(n(`create deployment web --image=${IMAGE}`));
    await k.ok(n('rollout status deployment/web --timeout=60s'));
    await k.ok(n('delete deployment web --cascade=orphan'));
    const orphan = (await k.ok(n('get replicasets -o name'))).trim();
    expect(orphan).toContain('replicaset.apps/web-');
    await k.ok(n(`delete ${orphan} --cascade=foreground`));
    expect(await k.ok(n('get replicasets,pods -o name'))).toBe('');

    await k.ok(n(`run alone --image=${IMAGE} --restart=Never --labels=kind=alone`));
    await k.ok(n('wait pod/alone --for=condition=Ready --timeout=30s'));
    const gone = k.ok(n('wait pod/alone --for=delete --timeout=30s'));
    expect(await k.ok(n('delete pod -l kind=alone --grace-period=0 --force'))).toContain('force deleted');
    await gone;
    expect(await k.ok(n('delete configmap nothing --ignore-not-found'))).toBe('');
    expect(await k.fails(n('delete configmap nothing'))).toContain('not found');
    await k.ok(n('create configmap one'));
    expect(await k.ok(n('delete configmap one --dry-run=server'))).toContain('(server dry run)');
    await k.ok('delete namespace removed --timeout=30s');
    expect(await k.fails('get namespace removed')).toContain('namespaces "removed" not found');
    expect(await k.fails(n('create configmap one'))).toContain('namespaces "removed" not found');
  });

  it('answers who may do what', async () => {
    const n = await inNamespace('allowed');
    expect(await k.ok(n('auth can-i create pods'))).toBe('yes');
    expect((await k.run(['-n', 'allowed', 'auth', 'can-i', 'create', 'pods', '--as=bob'])).stdout).toBe('no');
    expect(await k.fails(n('get pods --as=bob'))).toContain(
      'User "bob" cannot list resource "pods" in API group "" in the namespace "allowed"',
    );
    expect(await k.ok('auth whoami')).toContain('system:masters');
    await k.ok(n('create serviceaccount robot'));
    await k.ok(n('create role reader --verb=get,list,watch --resource=pods'));
    await k.ok(n('create rolebinding reads --role=reader --serviceaccount=allowed:robot'));
    expect(await k.ok(n('auth can-i list pods --as=system:serviceaccount:allowed:robot'))).toBe('yes');
    expect(await k.ok(n('auth can-i --list --as=system:serviceaccount:allowed:robot'))).toMatch(
      /pods +\[\] +\[\] +\[get list watch\]/,
    );
    const token = await k.ok(n('create token robot'));
    // A certificate would win over the token, so this kubeconfig has none.
    const config = await readFile(k.env['KUBECONFIG'] ?? '', 'utf8');
    const bare = join(k.folder, 'bare.kubeconfig');
    const { users: _users, ...rest } = JSON.parse(config) as { users: unknown };
    await writeFile(bare, JSON.stringify({ ...rest, users: [{ name: 'daruma', user: { token } }] }));
    expect(await k.ok(`--kubeconfig ${bare} auth whoami`)).toContain('system:serviceaccount:allowed:robot');
  });

  it('keeps nodes: taint, cordon, drain within budgets', DEADLINE, async () => {
    const n = await inNamespace('drained');
    await k.ok('taint node node-a a=b:NoSchedule');
    expect(await k.ok('describe node node-a')).toContain('a=b:NoSchedule');
    await k.ok(n(`create deployment web --image=${IMAGE} --replicas=2`));
    await k.ok(n('rollout status deployment/web --timeout=60s'));
    const places = () => k.ok(n('get pods --field-selector status.phase=Running -o jsonpath={.items[*].spec.nodeName}'));
    expect(await places()).toBe('node-b node-b');
    await k.ok('taint node node-a a-');
    await k.ok('cordon node-a');
    expect(await k.ok('get node node-a')).toContain('Ready,SchedulingDisabled');
    await k.ok('uncordon node-a');
    await k.ok(n('create poddisruptionbudget keep --selector=app=web --min-available=1'));
    const drained = await k.ok('drain node-b --ignore-daemonsets --delete-emptydir-data --force --timeout=60s');
    expect(drained).toContain('node/node-b drained');
    await k.ok(n('rollout status deployment/web --timeout=60s'));
    expect(await places()).toBe('node-a node-a');
    await k.ok('uncordon node-b');
  });
});
