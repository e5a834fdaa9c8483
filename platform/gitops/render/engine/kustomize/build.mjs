// Builds the Kustomize engine to WebAssembly and compresses it: `node build.mjs` writes ../kustomize.wasm.br and
// ../kustomize.wasm.sha256; `node build.mjs --check` builds only and compares the hash.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'daruma-engine-'));
try {
  const wasm = join(out, 'kustomize.wasm');
  execFileSync(
    'go',
    ['build', '-buildmode=c-shared', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w -buildid=', '-o', wasm, '.'],
    { cwd: here, stdio: 'inherit', env: { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm', GOFLAGS: '' } },
  );
  const bytes = readFileSync(wasm);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const hashFile = join(here, '..', 'kustomize.wasm.sha256');
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
    writeFileSync(join(here, '..', 'kustomize.wasm.br'), packed);
    writeFileSync(hashFile, `${hash}\n`);
    console.log(`${hash} ${bytes.length} -> ${packed.length} bytes`);
  }
} finally {
  rmSync(out, { recursive: true, force: true });
}
