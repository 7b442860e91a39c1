/** Completion scripts, made from the tree of commands itself. */

import type { Command } from 'commander';
import { ConfigError } from '../../base/errors.ts';
import { isCompletable } from './complete-names.ts';

/** One command as a shell needs it. */
interface Spot {
  /** The words that lead to it, after `aimindserve`. */
  readonly path: readonly string[];
  readonly commands: readonly Named[];
  readonly flags: readonly Named[];
  /** What its first argument names, if the server can be asked for it. */
  readonly names?: string;
}

interface Named {
  readonly word: string;
  readonly description: string;
}

/** The script for a shell. */
export function completionScript(program: Command, shell: string): string {
  const spots = spotsOf(program, []);
  switch (shell) {
    case 'bash':
      return bashScript(spots);
    case 'zsh':
      return zshScript(spots);
    case 'fish':
      return fishScript(spots);
    default:
      throw new ConfigError('invalid_config', `'${shell}' is not one of bash, zsh, fish.`);
  }
}

/** All commands, from the root. */
export function spotsOf(command: Command, path: readonly string[]): readonly Spot[] {
  const shown = command.createHelp().visibleCommands(command);
  const commands = shown.map((one) => ({ word: one.name(), description: one.description() }));
  const options = command.createHelp().visibleOptions(command);
  const flags = options.flatMap(({ long, description }) => (long ? [{ word: long, description }] : []));
  const names = command.registeredArguments[0]?.name();
  const inner = command.commands.filter((one) => shown.includes(one));
  return [
    { path, commands, flags, ...(names !== undefined && isCompletable(names) && { names }) },
    ...inner.flatMap((one) => spotsOf(one, [...path, one.name()])),
  ];
}

const words = (named: readonly Named[]): string => named.map(({ word }) => word).join(' ');
const key = (path: readonly string[]): string => path.map((word) => ` ${word}`).join('');
/** Commands that have commands of their own, and so go on the path. */
const steps = (spots: readonly Spot[]): string =>
  spots
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `"${key(path)}"`)
    .join('|');

/** Bash has no descriptions; a flag or a name is offered by what the word begins with. */
function bashScript(spots: readonly Spot[]): string {
  const cases = spots.map(
    ({ path, commands, flags, names = '' }) =>
      `    "${key(path)}") commands="${words(commands)}"; flags="${words(flags)}"; names="${names}" ;;`,
  );
  return `# aimindserve completion for bash:  source <(aimindserve completion bash)
_aimindserve() {
  local current="\${COMP_WORDS[COMP_CWORD]}" place="" commands="" flags="" names="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$place $word" in
      ${steps(spots)}) place="$place $word" ;;
    esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  if [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    [[ -n "$names" ]] && commands="$commands $("\${COMP_WORDS[0]}" __complete "$names" 2>/dev/null)"
    COMPREPLY=($(compgen -W "$commands" -- "$current"))
  fi
}
complete -o default -F _aimindserve aimindserve`;
}

function zshScript(spots: readonly Spot[]): string {
  const list = (named: readonly Named[]): string =>
    named.map(({ word, description }) => quote(`${word}:${description.replaceAll(':', '\\:')}`)).join(' ');
  const cases = spots.map(
    ({ path, commands, flags, names = '' }) =>
      `    "${key(path)}") commands=(${list(commands)}); flags=(${list(flags)}); names="${names}" ;;`,
  );
  return `#compdef aimindserve
# aimindserve completion for zsh:  source <(aimindserve completion zsh)
_aimindserve() {
  local place="" names="" word
  local -a commands flags found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$place $word" in
      ${steps(spots)}) place="$place $word" ;;
    esac
  done
  case "$place" in
${cases.join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe flag flags
  else
    (( \${#commands} )) && _describe command commands
    if [[ -n "$names" ]]; then
      found=("\${(@f)$("\${words[1]}" __complete "$names" 2>/dev/null)}")
      compadd -- "\${found[@]}"
    fi
    (( \${#commands} )) || _files
  fi
}
if [[ "\${funcstack[1]}" == _aimindserve ]]; then _aimindserve "$@"; else compdef _aimindserve aimindserve; fi`;
}

function fishScript(spots: readonly Spot[]): string {
  const lines = spots.flatMap(({ path, commands, flags, names }) => {
    const at = `-n ${fishQuote(`__aimindserve_at ${fishQuote(path.join(' '))}`)}`;
    return [
      ...commands.map(
        ({ word, description }) => `complete -c aimindserve ${at} -f -a ${word} -d ${fishQuote(description)}`,
      ),
      ...flags.map(
        ({ word, description }) => `complete -c aimindserve ${at} -l ${word.slice(2)} -d ${fishQuote(description)}`,
      ),
      ...(names === undefined ? [] : [`complete -c aimindserve ${at} -f -a '(aimindserve __complete ${names})'`]),
    ];
  });
  const places = spots.filter(({ path }) => path.length > 0).map(({ path }) => fishQuote(path.join(' ')));
  return `# aimindserve completion for fish:  aimindserve completion fish | source
function __aimindserve_at
  set -l place
  for word in (commandline -opc)[2..-1]
    contains -- (string join ' ' $place $word) ${places.join(' ')}; and set -a place $word
  end
  test "$place" = "$argv[1]"
end
${lines.join('\n')}`;
}

/** A word for a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A word for fish, whose single quotes know a backslash. */
function fishQuote(text: string): string {
  return quote(text.replaceAll('\\', '\\\\'));
}
