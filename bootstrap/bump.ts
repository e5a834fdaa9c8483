// The last step of the pipeline: one bot commit that sets the new tag in every overlay of the GitOps repository.
import type { Repositories } from '../platform/git/index.ts';
import { type BumpRequest, setImageTag } from '../platform/pipeline/index.ts';
import { BRANCH } from './git-bridge.ts';
import { GITOPS_REPOSITORY } from './seed.ts';

const OVERLAY = /^apps\/[^/]+\/overlays\/[^/]+\/kustomization\.ya?ml$/;

/** Repeatable: where every overlay has the tag already, nothing is committed and the branch's tip is answered. */
export async function bumpImage(
  repositories: Repositories,
  { image, tag, repository, sha, subject, run }: BumpRequest,
): Promise<{ commit: string }> {
  const name = image.slice(image.lastIndexOf('/') + 1);
  const result = await repositories.commitFiles({
    repository: GITOPS_REPOSITORY,
    branch: BRANCH,
    author: { name: 'bot', email: 'bot@daruma.internal' },
    user: 'bot',
    message: `${name}: ${sha.slice(0, 7)} ${subject}\n\nImage: ${image}:${tag}\nCommit: ${repository}@${sha}\nRun: ${run}\n`,
    changes: async parent => {
      const changes = new Map<string, string>();
      if (!parent) return changes;
      const files = await repositories.readTree(GITOPS_REPOSITORY, parent, 'apps');
      for (const [path, content] of files) {
        const full = `apps/${path}`;
        const text = content.toString('utf8');
        if (!OVERLAY.test(full) || !text.includes(image)) continue;
        const changed = setImageTag(text, image, tag);
        if (changed !== text) changes.set(full, changed);
      }
      return changes;
    },
  });
  return { commit: result.sha };
}
