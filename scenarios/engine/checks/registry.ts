// Is there an image of a repository's newest commit in the registry?
import type { RepositoryName } from '../context.ts';
import { type Check, passed, short, waiting } from './check.ts';

export interface RegistryParameters {
  image: string;
  /** The repository whose newest commit is looked for. */
  headOf: RepositoryName;
  present: boolean;
}

export const registry: Check<RegistryParameters> = async ({ image, headOf, present }, scope) => {
  const head = await scope.head(headOf);
  const tag = (await scope.context.imageTags(image, scope)).find(candidate => candidate.startsWith(head));
  const detail = tag ? `${image} has an image of ${short(head)}` : `${image} has no image of ${short(head)}`;
  return (tag !== undefined) === present ? passed(detail) : waiting(detail);
};
