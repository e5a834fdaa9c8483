#!/usr/bin/env node
// The program `daruma`: reads the command line and loads the one command that was asked for.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { DarumaError, errorCatalogue, messageOf, packageVersion } from '../../platform/core/index.ts';
import type { GlobalOptions } from './connect.ts';
import { mark, paint } from './output.ts';

type Action = (
  options: GlobalOptions & Record<string, unknown>,
  ...args: (string | string[] | undefined)[]
) => Promise<number | void>;
interface Loaded {
  run: Action;
}

const program = new Command('daruma');

function command(parent: Command, usage: string, summary: string, load: () => Promise<Loaded>): Command {
  const [name = '', ...args] = usage.split(' ');
  const made = parent.command([name, ...args].join(' ')).description(summary);
  return made.action(async (...given: unknown[]) => {
    const values = given.slice(0, -2) as (string | string[] | undefined)[];
    const { run } = await load();
    const code = await run(made.optsWithGlobals(), ...values);
    if (typeof code === 'number') process.exitCode = code;
  });
}

const json = () => new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text');
const port = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535; 0 takes a free one');
  return value;
};
const count = (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('not a whole number');
  return value;
};

program
  .description(
    'A GitOps platform on your laptop: cluster, git server, registry, pipeline and reconciler in one command.\nWithout a command: the platform and its terminal UI; without a terminal: the tour.',
  )
  .version(packageVersion(), '-V, --version')
  .option('--home <dir>', 'where the state is kept (default: DARUMA_HOME, else your data folder)')
  .option('--name <name>', 'the instance in your data folder', 'local')
  .option('--user <name>', 'whose token to use: lead, dev', 'lead')
  .option('--verbose', 'show where an error comes from')
  .showHelpAfterError('(daruma --help lists the commands)')
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, `${mark.failed()} `)) })
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 failed, 2 wrong use, 3 not running, 4 conflict with what runs or exists, 5 refused.',
  );

const providerOptions = (made: Command) =>
  made
    .addOption(new Option('--cluster <provider>', 'where Kubernetes comes from').choices(['embedded', 'kind']))
    .option('--image <image>', 'kind: the node image')
    .option('--nodes <n>', 'kind: how many nodes', count)
    .option('--kind-config <file>', 'kind: a configuration file of kind');
const portOptions = (made: Command) =>
  made
    .option('--port <port>', 'port of the API (default 7070 or the next free one)', port)
    .option('--git-port <port>', 'port of the git server (7080)', port)
    .option('--registry-port <port>', 'port of the registry (5001)', port)
    .option('--ingress-port <port>', 'port of *.localhost (8080)', port)
    .option('--cluster-port <port>', 'port of the Kubernetes API (7443)', port);

portOptions(providerOptions(command(program, 'up', 'start the platform, or resume it', () => import('./up.ts'))))
  .option('--detach', 'return when it is up and leave it running')
  .option('--json', 'print the status as JSON when it is up');
command(program, 'down', 'stop the platform', () => import('./down.ts')).option('--purge', 'remove its state too');
command(program, 'status', 'show what runs', () => import('./status.ts'))
  .option('--json', 'print JSON')
  .option('--watch', 'go on showing changes');
command(program, 'ui', 'the terminal UI', () => import('./ui.ts'));
command(program, 'tour [scenario...]', 'play the scenarios without a terminal and verify every step', () => import('./tour.ts'))
  .option('--report <file>', 'write a JUnit report')
  .option('--json', 'print one JSON line per step')
  .option('--keep', 'leave the platform running afterwards')
  .addOption(new Option('--cluster <provider>', 'where Kubernetes comes from').choices(['embedded', 'kind']))
  .option('--image <image>', 'kind: the node image');
command(program, 'apps [app]', 'list applications, or show one with its resources', () => import('./apps.ts')).addOption(json());
command(program, 'sync <app>', 'make the cluster as Git says', () => import('./sync.ts'))
  .option('--dry-run', 'only show what would change')
  .option('--prune', 'delete what Git no longer has')
  .option('--revision <revision>', 'another revision than the target')
  .option('--resource <kind/name...>', 'only these resources')
  .option('--confirm <name>', 'the typed name that a guarded environment asks for')
  .option('--watch', 'show each resource as it is applied')
  .addOption(json());
command(
  program,
  'diff <app>',
  'show what a sync would change; exit code 0 nothing, 1 something, 2 an error',
  () => import('./diff.ts'),
)
  .option('--revision <revision>', 'compare with another revision')
  .option('--local <dir>', "compare with files of a folder in place of the application's path")
  .addOption(json());
command(program, 'history <app>', 'show what was deployed, by whom', () => import('./history.ts')).addOption(json());
command(program, 'rollback <app> [id]', 'go back by a commit to an entry of the history', () => import('./rollback.ts'))
  .option('--confirm <name>', 'the typed name that a guarded environment asks for')
  .addOption(json());
command(program, 'drift', 'show what was changed behind Git, and by whom', () => import('./drift.ts')).addOption(json());
command(program, 'events', 'show what happened', () => import('./events.ts'))
  .option('--follow', 'go on with what happens')
  .option('--since <seq>', 'only after this event', count)
  .addOption(json());
command(program, 'runs [id]', 'list pipeline runs, or show the log of one', () => import('./runs.ts'))
  .option('--follow', 'go on until the run has ended')
  .addOption(json());
command(
  program,
  'checks <repository> [revision]',
  'what the pipeline says of a commit (the tip of main); exit code 0 only when all is green',
  () => import('./checks.ts'),
).addOption(json());
command(
  program,
  'protect <repository> [branch]',
  'keep a branch (main) for some roles, without force',
  () => import('./protect.ts'),
)
  .option('--roles <roles>', 'who may push, comma-separated: lead, developer, bot (default lead)')
  .option('--off', 'take the protection away')
  .addOption(json());
command(
  program,
  'rebuild',
  'destroy the cluster and rebuild it from Git, then compare every object',
  () => import('./rebuild.ts'),
)
  .option('--yes', 'do not ask')
  .option('--report <file>', 'write the report as JSON')
  .addOption(json());
command(program, 'doctor', 'check what this machine offers', () => import('./doctor.ts')).addOption(json());
command(program, 'kubeconfig', 'print the path of the kubeconfig', () => import('./kubeconfig.ts'));
command(program, 'credentials [user]', 'show the token of a user: lead, dev', () => import('./credentials.ts')).option(
  '--json',
  'print JSON',
);
command(program, 'logs [subsystem]', "the platform's own log", () => import('./logs.ts')).option(
  '--follow',
  'go on with what comes',
);
command(program, 'completion <shell>', 'print the completion of bash, zsh or fish', async () => {
  const { completion } = await import('./completion.ts');
  return { run: async (_options, shell) => completion(program, String(shell)) };
});

const cluster = program.command('cluster').description('the embedded cluster alone');
command(cluster, 'serve', 'serve the Kubernetes API, for tests and other tools', () => import('./cluster-serve.ts'))
  .requiredOption('--port <port>', 'port of the API; 0 takes a free one', port)
  .requiredOption('--data <dir>', 'where it keeps its state')
  .option('--ephemeral', 'keep objects in memory only')
  .option('--token-auth-file <csv>', "static tokens in kube-apiserver's format")
  .option('--bare', 'no controllers and no node')
  .option('--simulated-nodes <names>', 'nodes whose pods run without a process, comma-separated');
cluster.command('host', { hidden: true }).action(async () => (await import('../clusters/cluster-host.ts')).runClusterHost());

command(program, 'start', 'the same as no command', () => import('./start.ts'));

async function main(args: string[]): Promise<void> {
  const named = args.some(arg => !arg.startsWith('-')) || args.some(arg => ['-h', '--help', '-V', '--version'].includes(arg));
  try {
    await program.parseAsync(onlyGlobal(args) && !named ? [...args, 'start'] : args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** Whether only flags of the program itself were given, with their values. */
function onlyGlobal(args: string[]): boolean {
  const { unknown, operands } = program.parseOptions(args);
  return unknown.length === 0 && operands.length === 0;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof DarumaError ? error : undefined;
  process.stderr.write(`${mark.failed()} ${messageOf(error)}\n`);
  if (known?.hint) process.stderr.write(`  ${paint('dim', 'try:')} ${known.hint}\n`);
  if (program.opts<GlobalOptions>().verbose && error instanceof Error)
    process.stderr.write(`${error.stack}\n${error.cause instanceof Error ? `caused by ${error.cause.stack}\n` : ''}`);
  return known ? errorCatalogue[known.code].exitCode : 1;
}

// A reader that has gone (`daruma events | head`) ends the program without a word.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.stderr.on('error', () => {});
await main(process.argv.slice(2));
