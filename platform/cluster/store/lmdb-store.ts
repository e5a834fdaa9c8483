// A store in an LMDB file: all objects in memory, every change in the file before it is answered, many changes in one commit.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { DarumaError, messageOf } from '../../core/index.ts';
import { checkDataFile } from './data-file.ts';
import { type Backend, ObjectStore } from './object-store.ts';
import type { Store, StoredObject, StoreEvent, StoreKey } from './store.ts';

/** Raised by each change of the layout; a store reads its own and older ones. */
const FORMAT = 1;
// Keys are bytes: a kind prefix, then the parts apart by NUL, which no name contains.
const META = Buffer.from('m');
const OBJECTS = 'o';

interface Meta {
  format: number;
  revision: number;
}

interface Database {
  get(key: Buffer): Buffer | undefined;
  put(key: Buffer, value: Buffer): Promise<boolean>;
  remove(key: Buffer): Promise<boolean>;
  batch(callback: () => void): Promise<boolean>;
  getRange(): Iterable<{ key: Buffer; value: Buffer }>;
  readonly flushed: Promise<boolean>;
  close(): Promise<void>;
}

function keyBytes({ collection, namespace, name }: StoreKey): Buffer {
  return Buffer.from(`${OBJECTS}${collection}\0${namespace}\0${name}`);
}

/** The bytes of a text behind their checksum, since LMDB itself does not notice damaged pages. */
function seal(text: string): Buffer {
  const body = Buffer.from(text);
  const sealed = Buffer.allocUnsafe(body.length + 4);
  sealed.writeUInt32LE(crc32(body), 0);
  body.copy(sealed, 4);
  return sealed;
}

function unseal(sealed: Buffer): string {
  const body = sealed.subarray(4);
  if (sealed.length < 4 || crc32(body) !== sealed.readUInt32LE(0)) throw new Error('a checksum does not match');
  return body.toString();
}

class LmdbBackend implements Backend {
  readonly #database: Database;
  constructor(database: Database) {
    this.#database = database;
  }

  async append(changes: readonly StoreEvent[]): Promise<void> {
    const database = this.#database;
    const puts: Promise<boolean>[] = [];
    const committed = database.batch(() => {
      for (const { type, record } of changes) {
        puts.push(
          type === 'deleted' ? database.remove(keyBytes(record.key)) : database.put(keyBytes(record.key), seal(record.json)),
        );
      }
      const meta: Meta = { format: FORMAT, revision: changes.at(-1)?.record.revision ?? 0 };
      puts.push(database.put(META, seal(JSON.stringify(meta))));
    });
    await Promise.all([committed, ...puts]);
    await database.flushed;
  }

  async close(): Promise<void> {
    await this.#database.flushed;
    await this.#database.close();
  }
}

function load(database: Database): { revision: number; objects: [StoreKey, StoredObject, number][] } {
  const sealedMeta = database.get(META);
  const meta: Meta = sealedMeta ? (JSON.parse(unseal(sealedMeta)) as Meta) : { format: FORMAT, revision: 1 };
  if (meta.format > FORMAT) throw new Error(`it has format ${meta.format}, this version reads up to ${FORMAT}`);
  const objects: [StoreKey, StoredObject, number][] = [];
  for (const { key, value } of database.getRange()) {
    const text = key.toString();
    if (!text.startsWith(OBJECTS)) continue;
    const [collection = '', namespace = '', name = ''] = text.slice(1).split('\0');
    const object = JSON.parse(unseal(value)) as StoredObject;
    const revision = Number(object.metadata.resourceVersion);
    if (!(revision <= meta.revision)) throw new Error(`${collection} ${namespace}/${name} is newer than the file's revision`);
    objects.push([{ collection, namespace, name }, object, revision]);
  }
  return { revision: meta.revision, objects };
}

/** Opens or makes the store in `folder`. @throws DarumaError STORE_DAMAGED when the file cannot be trusted. */
export async function openLmdbStore(folder: string): Promise<Store> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'objects.mdb');
  let database: Database | undefined;
  try {
    await checkDataFile(path);
    const { open } = await import('lmdb');
    database = open({
      path,
      encoding: 'binary',
      keyEncoding: 'binary',
      compression: false,
      maxReaders: 16,
    }) as unknown as Database;
    return new ObjectStore({ backend: new LmdbBackend(database), ...load(database) });
  } catch (error) {
    await database?.close();
    throw new DarumaError('STORE_DAMAGED', `the cluster's store ${path} cannot be read: ${messageOf(error)}`, {
      hint: 'rebuild the cluster from Git with `daruma rebuild`, or move the file away and start again',
      cause: error,
    });
  }
}
