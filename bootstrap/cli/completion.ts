// `daruma completion`: shell completion, made from the commands themselves.
import type { Command } from 'commander';
import { DarumaError } from '../../platform/core/index.ts';
import { print } from './output.ts';

/** Prints a script that completes commands and their flags. @throws DarumaError USAGE for another shell */
export function completion(program: Command, shell: string): void {
  const commands = program.commands.filter(command => !(command as unknown as { _hidden?: boolean })._hidden);
  const flags = (command: Command) => command.options.map(option => option.long ?? '').filter(Boolean);
  switch (shell) {
    case 'bash':
      return print(
        [
          '_daruma() {',
          '  local word="${COMP_WORDS[COMP_CWORD]}"',
          '  case "${COMP_WORDS[1]}" in',
          ...commands.map(
            command =>
              `    ${command.name()}) COMPREPLY=($(compgen -W "${flags(command).join(' ')}" -- "$word")); [ "$COMP_CWORD" -gt 1 ] && return ;;`,
          ),
          '  esac',
          `  COMPREPLY=($(compgen -W "${[...commands.map(command => command.name()), ...flags(program)].join(' ')}" -- "$word"))`,
          '}',
          'complete -F _daruma daruma',
        ].join('\n'),
      );
    case 'zsh':
      return print(
        [
          '#compdef daruma',
          '_daruma() {',
          '  if (( CURRENT == 2 )); then',
          `    local -a commands=(${commands.map(command => `'${command.name()}:${command.description().replaceAll("'", '’').replaceAll(':', ',')}'`).join(' ')})`,
          '    _describe command commands',
          '    return',
          '  fi',
          '  case "${words[2]}" in',
          ...commands.map(command => `    ${command.name()}) compadd -- ${flags(command).join(' ')} ;;`),
          '  esac',
          '}',
          'compdef _daruma daruma',
        ].join('\n'),
      );
    case 'fish':
      return print(
        commands
          .flatMap(command => [
            `complete -c daruma -f -n __fish_use_subcommand -a ${command.name()} -d '${command.description().replaceAll("'", '’')}'`,
            ...flags(command).map(
              flag => `complete -c daruma -n '__fish_seen_subcommand_from ${command.name()}' -l ${flag.slice(2)}`,
            ),
          ])
          .join('\n'),
      );
    default:
      throw new DarumaError('USAGE', `there is no completion for ${shell}`, { hint: 'daruma completion bash, zsh or fish' });
  }
}
