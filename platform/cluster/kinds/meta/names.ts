// The name formats of Kubernetes and the sentences that explain them (apimachinery util/validation). Each check gives its complaints.

const LABEL_FORMAT = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN_FORMAT = `${LABEL_FORMAT}(\\.${LABEL_FORMAT})*`;
const LABEL_1035_FORMAT = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED_FORMAT = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE_FORMAT = '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?';
const CONFIG_KEY_FORMAT = '[-._a-zA-Z0-9]+';
const WILDCARD_FORMAT = `\\*\\.${SUBDOMAIN_FORMAT}`;

const whole = (format: string): RegExp => new RegExp(`^(?:${format})$`);
const patterns = {
  label: whole(LABEL_FORMAT),
  subdomain: whole(SUBDOMAIN_FORMAT),
  label1035: whole(LABEL_1035_FORMAT),
  qualified: whole(QUALIFIED_FORMAT),
  labelValue: whole(LABEL_VALUE_FORMAT),
  configKey: whole(CONFIG_KEY_FORMAT),
  wildcard: whole(WILDCARD_FORMAT),
};

export const maxLength = (length: number): string => `must be no more than ${length} characters`;

/** The sentence for a value that does not match, with examples, as the real server builds it. */
export function regexComplaint(sentence: string, format: string, ...examples: string[]): string {
  const shown = examples.map(example => `'${example}', `).join(' or ');
  return `${sentence} (e.g. ${shown}regex used for validation is '${format}')`;
}

export function dnsLabel(value: string): string[] {
  const out: string[] = [];
  if (value.length > 63) out.push(maxLength(63));
  if (!patterns.label.test(value)) {
    const sentence = patterns.subdomain.test(value)
      ? 'must not contain dots'
      : regexComplaint(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          LABEL_FORMAT,
          'my-name',
          '123-abc',
        );
    out.push(sentence);
  }
  return out;
}

export function dnsSubdomain(value: string): string[] {
  const out: string[] = [];
  if (value.length > 253) out.push(maxLength(253));
  if (!patterns.subdomain.test(value)) {
    out.push(
      regexComplaint(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        SUBDOMAIN_FORMAT,
        'example.com',
      ),
    );
  }
  return out;
}

export function dns1035Label(value: string): string[] {
  const out: string[] = [];
  if (value.length > 63) out.push(maxLength(63));
  if (!patterns.label1035.test(value)) {
    out.push(
      regexComplaint(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        LABEL_1035_FORMAT,
        'my-name',
        'abc-123',
      ),
    );
  }
  return out;
}

export function wildcardSubdomain(value: string): string[] {
  const out: string[] = [];
  if (value.length > 253) out.push(maxLength(253));
  if (!patterns.wildcard.test(value)) {
    out.push(
      regexComplaint(
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
        WILDCARD_FORMAT,
        '*.example.com',
      ),
    );
  }
  return out;
}

const QUALIFIED_SENTENCE =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** A key of labels and annotations, or the name of a finalizer: `name` or `dns.subdomain/name`. */
export function qualifiedName(value: string): string[] {
  const parts = value.split('/');
  const out: string[] = [];
  let name = parts[0] ?? '';
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    name = parts[1] ?? '';
    if (prefix.length === 0) out.push('prefix part must be non-empty');
    else out.push(...dnsSubdomain(prefix).map(complaint => `prefix part ${complaint}`));
  } else if (parts.length > 2) {
    return [
      `a qualified name ${regexComplaint(QUALIFIED_SENTENCE, QUALIFIED_FORMAT, 'MyName', 'my.name', '123-abc')}` +
        " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  if (name.length === 0) out.push('name part must be non-empty');
  else if (name.length > 63) out.push(`name part ${maxLength(63)}`);
  if (!patterns.qualified.test(name)) {
    out.push(`name part ${regexComplaint(QUALIFIED_SENTENCE, QUALIFIED_FORMAT, 'MyName', 'my.name', '123-abc')}`);
  }
  return out;
}

export function labelValue(value: string): string[] {
  const out: string[] = [];
  if (value.length > 63) out.push(maxLength(63));
  if (!patterns.labelValue.test(value)) {
    out.push(
      regexComplaint(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        LABEL_VALUE_FORMAT,
        'MyValue',
        'my_value',
        '12345',
      ),
    );
  }
  return out;
}

export function configMapKey(value: string): string[] {
  const out: string[] = [];
  if (value.length > 253) out.push(maxLength(253));
  if (!patterns.configKey.test(value)) {
    out.push(
      regexComplaint(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_KEY_FORMAT,
        'key.name',
        'KEY_NAME',
        'key-name',
      ),
    );
  }
  if (value === '.') out.push("must not be '.'");
  else if (value === '..') out.push("must not be '..'");
  else if (value.startsWith('..')) out.push("must not start with '..'");
  return out;
}

export function environmentName(value: string): string[] {
  if (value.length === 0) return ['environment variable name must be non-empty'];
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Names of RBAC objects and the like: anything that can stand in a path. */
export function pathSegment(value: string, isPrefix = false): string[] {
  if (!isPrefix && (value === '.' || value === '..')) return [`may not be '${value}'`];
  const out: string[] = [];
  for (const text of ['/', '%']) if (value.includes(text)) out.push(`may not contain '${text}'`);
  return out;
}

export function portName(value: string): string[] {
  const out: string[] = [];
  if (value.length > 15) out.push(maxLength(15));
  if (!/^[-a-z0-9]+$/.test(value)) out.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) out.push('must contain at least one letter (a-z)');
  if (value.includes('--')) out.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) out.push('must not begin or end with a hyphen');
  return out;
}

export const portNumber = (value: number): string[] =>
  value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];

export const percent = (value: string): string[] =>
  /^[0-9]+%$/.test(value)
    ? []
    : [regexComplaint("a valid percent string must be a numeric string followed by an ending '%'", '[0-9]+%', '1%', '93%')];
