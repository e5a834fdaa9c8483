// Looks at an LMDB file before LMDB maps it: a foreign or cut file is refused with an error instead of a crash of the process.
import { open } from 'node:fs/promises';

const MAGIC = 0xbeefc0de;
// Layout of lmdb-js: 24 bytes of page header, then the meta: magic, version, address, map size, two database records.
const MAGIC_OFFSET = 24;
const PAGE = 4096;

/** Resolves when `path` is missing, empty or begins as an LMDB file does. @throws Error that says what is wrong. */
export async function checkDataFile(path: string): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size === 0) return;
    if (size < 2 * PAGE) throw new Error('the file is cut short');
    const head = Buffer.alloc(2 * PAGE);
    await file.read(head, 0, head.length, 0);
    const magics = [head.readUInt32LE(MAGIC_OFFSET), head.readUInt32LE(PAGE + MAGIC_OFFSET)];
    if (!magics.includes(MAGIC)) throw new Error('the file is not a store');
  } finally {
    await file.close();
  }
}
