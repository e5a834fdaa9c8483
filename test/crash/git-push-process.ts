// The process that git-push.test.ts kills: a git server whose policy or listener never answers, as its first argument says.
import { silentLogger } from '../../platform/core/index.ts';
import { startGitServer } from '../../platform/git/index.ts';

const [stuckAt, directory = ''] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function stuck(where: string): Promise<void> {
  if (stuckAt !== where) return;
  say('stuck');
  await new Promise(resolve => setTimeout(resolve, 600_000));
}

const server = await startGitServer({
  directory,
  port: 0,
  users: { authenticate: async user => ({ user, role: 'developer' }) },
  policy: {
    mayRead: () => true,
    mayPush: async () => {
      await stuck('pre-receive');
      return { allowed: true };
    },
  },
  onPush: async ({ user, ref, after }) => {
    await stuck('post-receive');
    say(`push ${user} ${ref} ${after}`);
    return [];
  },
  logger: silentLogger,
});
if (!(await server.repositories.exists('app'))) await server.repositories.create('app', { seed: new Map([['a', 'a']]) });
say(`missed ${await server.announceMissed()}`);
say(`port ${server.port}`);
process.once('SIGTERM', () => void server[Symbol.asyncDispose]().then(() => process.exit(0)));
