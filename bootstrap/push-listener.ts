// What follows a push: the journal's line, pipeline runs, the GitOps engine; and what the pusher reads about it.
import type { EventSink } from '../platform/core/index.ts';
import { NO_COMMIT, type PushEvent, type PushListener } from '../platform/git/index.ts';
import type { Gitops } from '../platform/gitops/index.ts';
import type { Pipeline } from '../platform/pipeline/index.ts';
import { APP_REPOSITORY, GITOPS_REPOSITORY } from './seed.ts';

export interface PushListenerOptions {
  journal: EventSink;
  pipeline: () => Pipeline | undefined;
  /** Undefined while the cluster is being rebuilt: the engine reads the branch when it starts. */
  gitops: () => Gitops | undefined;
}

/** The answered lines are shown in the output of `git push`. */
export function pushListener({ journal, pipeline, gitops }: PushListenerOptions): PushListener {
  return async (push: PushEvent): Promise<string[]> => {
    const { repository, ref, before, after, forced, user, commits } = push;
    journal.record('git.push', { repository, ref, before, after, forced, commits }, { actor: user });
    const lines: string[] = [];
    if (repository === GITOPS_REPOSITORY) {
      gitops()?.onPush({ repository, ref, before, after, actor: user });
      if (ref === 'refs/heads/main')
        lines.push('daruma: the environments are compared with this commit; watch: daruma status --watch');
    }
    if (after !== NO_COMMIT) {
      const runs = (await pipeline()?.start({ repository, ref, before, after, actor: user, commits })) ?? [];
      for (const run of runs) {
        lines.push(
          run.state === 'failure'
            ? `daruma: pipeline run ${run.id} failed: ${run.reason ?? 'see its log'}`
            : `daruma: pipeline run ${run.id} started for ${after.slice(0, 7)}; watch: daruma runs ${run.id} --follow`,
        );
      }
      if (runs.length === 0 && repository === APP_REPOSITORY) lines.push('daruma: no workflow is triggered by this push');
    }
    return lines;
  };
}
