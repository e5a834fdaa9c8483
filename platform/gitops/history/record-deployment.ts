// Writes a deployment to refs/daruma/deployed/<application>/<n> of the repository that it came from.
import type { DeployedRecord, GitWriter } from '../contract.ts';
import type { Application } from '../model/index.ts';
import type { Sources } from '../source/index.ts';

interface Deployment {
  state: { name: string; application?: Application; history: DeployedRecord[] };
  revision: string;
  actor: string;
  trigger: string;
  partial: boolean;
  images: string[];
  at: string;
}

/** Adds to `state.history` at once, and takes it away again when Git could not write it. A sync of what is deployed already (a heal, a rebuild) is no new deployment. */
export async function recordDeployment(
  { state, revision, actor, trigger, partial, images, at }: Deployment,
  { git, sources }: { git: GitWriter; sources: Sources },
): Promise<void> {
  const { application, history } = state;
  const last = history.at(-1);
  const isRepeated = last?.revision === revision && last.partial !== true;
  if (!application || (isRepeated && trigger !== 'manual' && trigger !== 'rollback')) return;
  const { repoURL, path, targetRevision } = application.source;
  const record: DeployedRecord = {
    id: (last?.id ?? 0) + 1,
    application: state.name,
    revision,
    actor,
    deployedAt: at,
    images,
    trigger,
    source: { repoURL, path, targetRevision },
    ...(partial ? { partial } : {}),
  };
  history.push(record);
  try {
    await git.writeDeployed(sources.repository(application.source), record);
  } catch (error) {
    history.splice(history.indexOf(record), 1);
    throw error;
  }
}
