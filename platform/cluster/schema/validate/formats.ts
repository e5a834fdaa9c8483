// The string formats that the real server checks (kube-openapi's strfmt); any other format passes.
import { isIP, isIPv4, isIPv6 } from 'node:net';

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const dateTime = /^\d{4}-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})$/;
const label = /^[a-zA-Z0-9]([-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

const formats: Record<string, (text: string) => boolean> = {
  byte: text => base64.test(text.replace(/[\r\n]/g, '')),
  'date-time': text => dateTime.test(text) && !Number.isNaN(Date.parse(text.toUpperCase())),
  datetime: text => dateTime.test(text) && !Number.isNaN(Date.parse(text.toUpperCase())),
  date: isDate,
  duration: text =>
    /^-?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w)( ?(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d|w))*$/.test(text) || text === '0',
  ipv4: isIPv4,
  ipv6: isIPv6,
  ip: text => isIP(text) !== 0,
  cidr: isCidr,
  mac: text => /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
  uuid: text => uuid.test(text),
  uuid3: text => uuid.test(text) && text.replaceAll('-', '')[12] === '3',
  uuid4: text => uuid.test(text) && text.replaceAll('-', '')[12] === '4',
  uuid5: text => uuid.test(text) && text.replaceAll('-', '')[12] === '5',
  uri: isUri,
  email: text => /^[^\s@<>]+@[^\s@<>]+$/.test(text),
  hostname: text => text.length <= 255 && text.split('.').every(part => label.test(part)),
  hexcolor: text => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: text => /^rgb\(\s*(\d{1,3}\s*,\s*){2}\d{1,3}\s*\)$/.test(text),
  creditcard: text => /^\d[\d -]{11,18}\d$/.test(text),
  ssn: text => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  isbn: text => /^(\d[- ]?){9}[\dX]$|^(\d[- ]?){13}$/.test(text),
  isbn10: text => /^(\d[- ]?){9}[\dX]$/.test(text),
  isbn13: text => /^(\d[- ]?){13}$/.test(text),
  bsonobjectid: text => /^[0-9a-f]{24}$/i.test(text),
};

export function matchesFormat(format: string, text: string): boolean {
  const name = format === 'date-time' ? format : format.replaceAll('-', '');
  return Object.hasOwn(formats, name) ? (formats[name]?.(text) ?? true) : true;
}

function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return false;
  const moment = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(moment.getTime()) && moment.toISOString().startsWith(text);
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

/** Go's url.ParseRequestURI: an absolute URI or an absolute path. */
function isUri(text: string): boolean {
  if (/[\s\u0000-\u001f\u007f]/.test(text)) return false;
  return text.startsWith('/') || /^[a-zA-Z][a-zA-Z0-9+.-]*:\S+$/.test(text);
}
