// Reads the deployments that Git keeps, once for each repository.
import type { DeployedRecord, GitWriter } from '../contract.ts';

export class DeployedHistory {
  readonly #git: GitWriter;
  readonly #repositories = new Map<string, Promise<Map<string, DeployedRecord[]>>>();

  constructor(git: GitWriter) {
    this.#git = git;
  }

  /** Oldest first; a list of its own. */
  async of(repository: string, application: string): Promise<DeployedRecord[]> {
    let reading = this.#repositories.get(repository);
    if (!reading) {
      reading = this.#read(repository);
      this.#repositories.set(repository, reading);
      reading.catch(() => this.#repositories.delete(repository));
    }
    return [...((await reading).get(application) ?? [])];
  }

  /** The next question reads again. */
  forget(repository: string): void {
    this.#repositories.delete(repository);
  }

  async #read(repository: string): Promise<Map<string, DeployedRecord[]>> {
    const records = new Map<string, DeployedRecord[]>();
    for (const record of await this.#git.readDeployed(repository))
      records.set(record.application, [...(records.get(record.application) ?? []), record]);
    for (const list of records.values()) list.sort((a, b) => a.id - b.id);
    return records;
  }
}
