import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readTokenFile } from './static-tokens.ts';

it('reads the format of kube-apiserver and names the line that is wrong', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daruma-tokens-'));
  const path = join(folder, 'tokens.csv');
  try {
    await writeFile(path, '# people\nt1,admin,1,"system:masters,ops"\n\nt2,nobody,2\nt3,"a ""quoted"" name",,one\n');
    expect(await readTokenFile(path)).toEqual([
      { token: 't1', user: 'admin', uid: '1', groups: ['system:masters', 'ops'] },
      { token: 't2', user: 'nobody', uid: '2', groups: [] },
      { token: 't3', user: 'a "quoted" name', groups: ['one'] },
    ]);
    await writeFile(path, 't1,admin,1\nonly-a-token\n');
    await expect(readTokenFile(path)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('line 2'),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
