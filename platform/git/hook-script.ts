// The hook that git runs before and after a push: a small sh that asks the appliance through two FIFOs. Starting a Node
// for each would cost 40 ms, and neither curl nor bash is everywhere.
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../core/index.ts';

/**
 * It runs in the repository's folder; its parent is git-receive-pack, by whose process id the appliance has left the FIFOs
 * of this push. Says one line for each ref (`OLD NEW forced|plain REF`), reads `say TEXT` lines and one `end ok|no`. The
 * FIFO is opened for reading and writing, which never blocks; reading the answer ends when the appliance dies.
 */
const SCRIPT = `#!/bin/sh
# Written by daruma at every start. Asks the daruma that serves this repository whether a push may be, and tells it what was.
call=\${0##*/}
slot=../.pushes/$PPID
server=
[ -r ../.pushes/server ] && read -r server <../.pushes/server
if [ -z "$server" ] || ! kill -0 "$server" 2>/dev/null || ! [ -p "$slot/ask" ]; then
  echo "this repository is served by daruma: push to its HTTP address (daruma status shows it)"
  exit 1
fi
exec 3<>"$slot/ask"
printf '%s\\n' "$call" >&3
while read -r old new ref; do
  move=plain
  if [ "$call" = pre-receive ]; then
    case $old$new in
      *0000000000000000000000000000000000000000*) ;;
      *) git merge-base --is-ancestor "$old" "$new" 2>/dev/null || move=forced ;;
    esac
  fi
  printf '%s %s %s %s\\n' "$old" "$new" "$move" "$ref" >&3
done
printf 'end\\n' >&3
verdict=lost
while IFS= read -r line; do
  case $line in
    'say '*) printf '%s\\n' "\${line#say }" ;;
    'end '*) verdict=\${line#end }; break ;;
  esac
done <"$slot/answer"
if [ "$verdict" = lost ]; then
  [ "$call" = pre-receive ] && echo "daruma stopped during this push: nothing was changed, push again once it runs"
  exit 1
fi
[ "$verdict" = ok ]
`;

/** Writes the hooks that every repository's core.hooksPath (\`../.hooks\`) points at. */
export async function installHooks(directory: string): Promise<void> {
  const folder = join(directory, '.hooks');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of ['pre-receive', 'post-receive']) {
    await writeFileAtomic(join(folder, name), SCRIPT, { mode: 0o700 });
    await chmod(join(folder, name), 0o700);
  }
}
