// One line for each event, as people read it.
import type { JournalEntry } from './events.ts';

/** `subject  what happened`, without the time. */
export function eventText(entry: JournalEntry): string {
  const by = entry.actor ? `, by ${entry.actor}` : '';
  switch (entry.type) {
    case 'platform.started':
      return `platform  up in ${(entry.data.ms / 1000).toFixed(1)} s on ${entry.data.provider}`;
    case 'platform.stopped':
      return `platform  stopped: ${entry.data.reason}`;
    case 'git.push':
      return `git  ${entry.data.repository} ${entry.data.ref.replace('refs/heads/', '')} → ${short(entry.data.after)}  ${entry.data.commits[0]?.subject ?? ''}${by}`;
    case 'git.protection': {
      const { repository, branch, roles } = entry.data;
      return `git  ${repository} ${branch} ${roles ? `protected: ${roles.join(', ') || 'nobody'} may push` : 'no longer protected'}${by}`;
    }
    case 'pipeline.run.started':
      return `pipeline  ${entry.data.run} started for ${short(entry.data.sha)}${by}`;
    case 'pipeline.step.finished':
      return `pipeline  ${entry.data.run} ${entry.data.job}/${entry.data.step} ${entry.data.outcome} in ${entry.data.ms} ms`;
    case 'pipeline.run.finished':
      return `pipeline  ${entry.data.run} ${entry.data.outcome} in ${entry.data.ms} ms${entry.data.reason ? `: ${entry.data.reason}` : ''}`;
    case 'registry.push':
      return `registry  ${entry.data.repository}:${entry.data.reference} ${entry.data.digest.slice(0, 19)}`;
    case 'gitops.sync.started':
      return `sync  ${entry.data.application} to ${short(entry.data.revision)} (${entry.data.trigger})${by}`;
    case 'gitops.resource':
      return `sync  ${entry.data.application} ${entry.data.resource} ${entry.data.action}${entry.data.message ? `: ${entry.data.message}` : ''}`;
    case 'gitops.sync.finished':
      return `sync  ${entry.data.application} ${entry.data.outcome} in ${entry.data.ms} ms, ${entry.data.changes} changes${entry.data.outcome === 'failed' ? `: ${entry.data.message}` : ''}`;
    case 'gitops.status':
      return `app  ${entry.data.application} ${entry.data.sync}, ${entry.data.health}${entry.data.message ? `: ${entry.data.message}` : ''}`;
    case 'gitops.drift.found':
      return `drift  ${entry.data.application} ${entry.data.resource} ${entry.data.kind}${entry.data.changes[0] ? `: ${entry.data.changes.map(change => change.path).join(', ')}` : ''}${entry.data.by?.manager ? `, by ${entry.data.by.manager}` : ''}`;
    case 'gitops.drift.healed':
      return `drift  ${entry.data.application} ${entry.data.resource} healed in ${entry.data.ms} ms`;
    case 'gitops.drift.attributed':
      return `drift  ${entry.data.application} ${entry.data.resource} was changed by ${[entry.data.by.user, entry.data.by.client].filter(Boolean).join(', ')}`;
    case 'gitops.rollback':
      return `rollback  ${entry.data.application} to entry ${entry.data.toId} by commit ${short(entry.data.commit)}${by}`;
    case 'gitops.error':
      return `error  ${entry.data.application ?? 'gitops'}: ${entry.data.message}`;
    case 'cluster.destroyed':
      return `cluster  ${entry.data.provider} destroyed`;
    case 'rebuild.finished':
      return `rebuild  ${(entry.data.recoveryMs / 1000).toFixed(1)} s: ${entry.data.equal} equal, ${entry.data.different} different, ${entry.data.missing} missing, ${entry.data.extra} extra`;
  }
}

function short(sha: string): string {
  return /^0*$/.test(sha) ? 'deleted' : sha.slice(0, 7);
}
