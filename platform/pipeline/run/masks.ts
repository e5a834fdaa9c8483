// Takes secrets out of log lines before anything is written.

export class Masks {
  #values: string[] = [];

  constructor(secrets: Iterable<string> = []) {
    for (const secret of secrets) this.add(secret);
  }

  /** Each line of a secret is masked by itself. Lines below three characters would blacken everything. */
  add(secret: string): void {
    for (const line of secret.split(/\r?\n/)) {
      if (line.length >= 3 && !this.#values.includes(line)) this.#values.push(line);
    }
    this.#values.sort((a, b) => b.length - a.length);
  }

  apply(text: string): string {
    return this.#values.reduce((result, value) => result.replaceAll(value, '***'), text);
  }
}
