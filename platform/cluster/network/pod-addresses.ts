// Hands out pod addresses, in order and not again soon, so that a late client of a gone pod does not reach another.
import { DarumaError } from '../../core/index.ts';

/** 10.244.0.1 is the node; the first few are left out, as real clusters' own pods hold them. */
const FIRST = 5;
const LAST = 0xfffe;

function addressAt(index: number): string {
  return `10.244.${index >> 8}.${index & 0xff}`;
}

function isUsable(index: number): boolean {
  const last = index & 0xff;
  return index >= FIRST && index <= LAST && last !== 0 && last !== 255;
}

export class PodAddresses {
  readonly #byUid = new Map<string, string>();
  readonly #taken = new Set<string>();
  #next = FIRST;

  allocate(uid: string, wanted?: string): string {
    const own = this.#byUid.get(uid);
    if (own) return own;
    const address = wanted && this.#isFree(wanted) ? wanted : this.#nextFree();
    this.#byUid.set(uid, address);
    this.#taken.add(address);
    return address;
  }

  release(uid: string): string | undefined {
    const address = this.#byUid.get(uid);
    if (!address) return undefined;
    this.#byUid.delete(uid);
    this.#taken.delete(address);
    return address;
  }

  #isFree(address: string): boolean {
    const match = /^10\.244\.(\d+)\.(\d+)$/.exec(address);
    return match !== null && isUsable(Number(match[1]) * 256 + Number(match[2])) && !this.#taken.has(address);
  }

  #nextFree(): string {
    for (let tries = 0; tries <= LAST; tries++) {
      const index = this.#next;
      this.#next = index >= LAST ? FIRST : index + 1;
      if (isUsable(index) && !this.#taken.has(addressAt(index))) return addressAt(index);
    }
    throw new DarumaError('CONFLICT', 'every pod address is taken', { hint: 'delete pods that are not needed' });
  }
}
