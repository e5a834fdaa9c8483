// Has an application run an earlier version that it can go back to?
import { type Check, passed, waiting } from './check.ts';

export interface HistoryParameters {
  application: string;
  /** An entry with other images than those of now. */
  earlierVersion: true;
}

export const history: Check<HistoryParameters> = async ({ application }, { context, signal }) => {
  const { images } = await context.api().application(application, { signal });
  const entries = await context.api().history(application);
  const earlier = entries.find(entry => entry.images.length > 0 && !entry.images.some(image => images.includes(image)));
  return earlier
    ? passed(`entry ${earlier.id} of ${application} ran another version`)
    : waiting(`${application} has run one version only`);
};
