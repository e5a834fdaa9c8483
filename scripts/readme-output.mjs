// Pastes into README.md what its commands print, from a run. Usage: node scripts/readme-output.mjs [start] [test] [doctor]

import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const readme = join(root, 'README.md');
const sections = {
  start: { title: 'npm start', command: ['npm', '--silent', 'start'], show: text => text },
  // The tail alone: what the runner counted.
  test: {
    title: 'npm test',
    command: ['npm', 'test'],
    show: text => text.slice(text.search(/^ Test Files/m)).trimEnd(),
  },
  doctor: {
    title: 'daruma doctor',
    command: [process.execPath, 'dist/daruma.js', 'doctor'],
    show: text => text.replaceAll(homedir(), '~'),
  },
};

const asked = process.argv.slice(2);
let text = await readFile(readme, 'utf8');
for (const name of asked.length > 0 ? asked : Object.keys(sections)) {
  const { title, command, show } = sections[name];
  const [program, ...args] = command;
  const { stdout, status } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}:\n${stdout.slice(-2_000)}`);
  const output = show(stdout.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')).trim();
  const begin = `<!-- output of ${title}, by scripts/readme-output.mjs -->`;
  const [before, rest] = text.split(begin);
  if (rest === undefined) throw new Error(`README.md has no place for the output of ${title}`);
  const after = rest.slice(rest.indexOf('<!-- end -->'));
  text = `${before}${begin}\n\`\`\`\n${output}\n\`\`\`\n${after}`;
}
await writeFile(readme, text);
