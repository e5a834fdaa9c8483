// Builds the expression engine to WebAssembly and compresses it: `node build.mjs` writes ../cel.wasm.br and
// ../cel.wasm.sha256; `node build.mjs --check` builds only and compares the hash. Kubernetes' libraries bring far more than
// evaluating needs (clients, metrics, protobuf, HTTP), so they are vendored into a temporary folder and trimmed there.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const MODULE = 'daruma.dev/cluster/expressions';

// Packages of which a few files are wanted without what the rest of the package imports.
const PARTS = [
  [
    'k8s.io/apiserver',
    'pkg/admission/plugin/policy/validating',
    'internal/validating',
    ['validator', 'interface', 'message', 'policy_decision'],
  ],
  [
    'k8s.io/apiextensions-apiserver',
    'pkg/apis/apiextensions/validation',
    'internal/definitions',
    ['validation', 'cel_validation'],
  ],
];

const IMPORTS = [
  [/"net\/http"/g, `"${MODULE}/httpnames"`],
  [/"k8s.io\/apiserver\/pkg\/util\/webhook"/g, `"${MODULE}/internal/webhook"`],
];

// Vendored folders whose imports are rewritten like those of the parts.
const REWRITTEN = [
  'k8s.io/apimachinery/pkg/util/runtime',
  'k8s.io/apimachinery/pkg/api/errors',
  'k8s.io/apiserver/pkg/authorization/authorizer',
  'k8s.io/kube-openapi/pkg/validation/spec',
];

const REMOVED = [
  'github.com/go-openapi/swag/loading.go',
  'github.com/go-openapi/swag/yaml.go',
  'github.com/google/cel-go/cel/prompt.go',
  ...['audit', 'chain', 'config', 'decorator', 'plugins', 'reinvocation'].map(
    name => `k8s.io/apiserver/pkg/admission/${name}.go`,
  ),
  'k8s.io/kube-openapi/pkg/validation/spec/gnostic.go',
];

// The protobuf forms of API objects, which nothing here reads or writes.
const WITHOUT_PROTOBUF = ['k8s.io/api', 'k8s.io/apiextensions-apiserver', 'k8s.io/apiserver'];

const here = fileURLToPath(new URL('.', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'daruma-engine-'));
const go = (args, env = {}) =>
  execFileSync('go', args, {
    cwd: work,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, GOFLAGS: '', GOWORK: 'off', ...env },
  });
const filesUnder = folder =>
  readdirSync(folder, { recursive: true })
    .map(name => join(folder, name))
    .filter(path => statSync(path).isFile());

function rewriteImports(file) {
  let text = readFileSync(file, 'utf8');
  for (const [from, to] of IMPORTS) text = text.replace(from, to);
  writeFileSync(file, text);
}

function gather() {
  cpSync(here, work, { recursive: true, filter: path => basename(path) !== 'trim' });
  go(['mod', 'download', 'k8s.io/apiserver', 'k8s.io/apiextensions-apiserver']);
  for (const [module, folder, target, names] of PARTS) {
    const source = go(['list', '-m', '-f', '{{.Dir}}', module]).trim();
    mkdirSync(join(work, target), { recursive: true });
    for (const name of names) {
      const file = join(work, target, `${name}.go`);
      copyFileSync(join(source, folder, `${name}.go`), file);
      chmodSync(file, 0o644);
      rewriteImports(file);
    }
  }
  go(['mod', 'vendor']);
}

function trim() {
  const vendor = join(work, 'vendor');
  const stubs = join(here, 'trim');
  for (const stub of filesUnder(stubs)) {
    const target = join(vendor, stub.slice(stubs.length + 1));
    // A stub named like its folder stands for the whole package, any other for the file of its name.
    if (basename(dirname(stub)) === basename(stub, '.go'))
      for (const file of readdirSync(dirname(target), { withFileTypes: true }))
        if (file.isFile()) rmSync(join(dirname(target), file.name));
    copyFileSync(stub, target);
  }
  for (const file of REMOVED) rmSync(join(vendor, file));
  const flags = join(vendor, 'k8s.io/component-base/cli/flag');
  for (const file of readdirSync(flags)) if (!file.startsWith('colon_separated')) rmSync(join(flags, file));
  for (const module of WITHOUT_PROTOBUF)
    for (const file of filesUnder(join(vendor, module))) if (basename(file) === 'generated.pb.go') rmSync(file);
  for (const folder of REWRITTEN) for (const file of filesUnder(join(vendor, folder))) rewriteImports(file);
}

try {
  gather();
  trim();
  const wasm = join(work, 'cel.wasm');
  const flags = ['-mod=vendor', '-buildmode=c-shared', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w -buildid='];
  go(['build', ...flags, '-o', wasm, '.'], { GOOS: 'wasip1', GOARCH: 'wasm' });
  const bytes = readFileSync(wasm);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const hashFile = join(here, '..', 'cel.wasm.sha256');
  if (process.argv.includes('--check')) {
    const committed = readFileSync(hashFile, 'utf8').trim();
    if (committed !== hash) {
      console.error(`the engine that was built differs from the committed one: ${hash} instead of ${committed}`);
      process.exitCode = 1;
    } else console.log(hash);
  } else {
    const packed = brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
    writeFileSync(join(here, '..', 'cel.wasm.br'), packed);
    writeFileSync(hashFile, `${hash}\n`);
    console.log(`${hash} ${bytes.length} -> ${packed.length} bytes`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
