// The little of DNS messages (RFC 1035, SRV by RFC 2782) that answers questions about services.

export const RECORD = { A: 1, CNAME: 5, SRV: 33 } as const;

export interface Question {
  id: number;
  /** Lower case, without the last dot. */
  name: string;
  type: number;
  /** The bytes of the question, to be repeated in the answer. */
  raw: Buffer;
  recursionDesired: boolean;
}

export type DnsRecord =
  | { type: typeof RECORD.A; address: string }
  | { type: typeof RECORD.CNAME; target: string }
  | { type: typeof RECORD.SRV; port: number; target: string };

const HEADER_BYTES = 12;
const TTL_SECONDS = 5;

/** Undefined for anything that is not one plain question. */
export function parseQuestion(message: Buffer): Question | undefined {
  if (message.length < HEADER_BYTES + 5 || message.readUInt16BE(4) !== 1 || (message.readUInt8(2) & 0xf8) !== 0) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) break;
    labels.push(message.toString('latin1', at, at + length));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at),
    raw: message.subarray(HEADER_BYTES, at + 4),
    recursionDesired: (message.readUInt8(2) & 1) === 1,
  };
}

function encodeName(name: string): Buffer {
  const parts = name.split('.').filter(label => label !== '');
  return Buffer.concat([...parts.map(label => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])), Buffer.from([0])]);
}

function encodeData(record: DnsRecord): Buffer {
  switch (record.type) {
    case RECORD.A:
      return Buffer.from(record.address.split('.').map(Number));
    case RECORD.CNAME:
      return encodeName(record.target);
    case RECORD.SRV: {
      const head = Buffer.alloc(6);
      head.writeUInt16BE(0, 0);
      head.writeUInt16BE(100, 2);
      head.writeUInt16BE(record.port, 4);
      return Buffer.concat([head, encodeName(record.target)]);
    }
  }
}

/** `records` undefined: there is no such name. Empty: the name is there, but has no record of that type. */
export function encodeAnswer(question: Question, records: readonly DnsRecord[] | undefined): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(question.id, 0);
  header.writeUInt16BE(0x8400 | (question.recursionDesired ? 0x0100 : 0) | 0x0080 | (records ? 0 : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records?.length ?? 0, 6);
  const answers = (records ?? []).map(record => {
    const data = encodeData(record);
    const head = Buffer.alloc(12);
    head.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    head.writeUInt16BE(record.type, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt32BE(TTL_SECONDS, 6);
    head.writeUInt16BE(data.length, 10);
    return Buffer.concat([head, data]);
  });
  return Buffer.concat([header, question.raw, ...answers]);
}
