import type { Command, Option } from 'commander';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** What can follow a command. */
interface Level {
  /** `latency measure`; empty at the start. */
  path: string;
  /** Words with what they mean: commands, known arguments and options. */
  words: [word: string, meaning: string][];
  /** Options that take a value, with the values where they are known; without, a file may be meant. */
  values: [option: string, values: string[]][];
  /** Whether something else than commands and options may follow, such as a file. */
  files: boolean;
}

/** A script that completes the commands and options of a program, from the definitions that parse them. */
export function completionScript(program: Command, shell: Shell): string {
  const levels = levelsOf(program, '');
  const write = { bash, zsh, fish }[shell];
  return write(program.name(), levels);
}

function levelsOf(command: Command, path: string): Level[] {
  const children = command.commands.filter((child) => child.name() !== 'help');
  const { options, registeredArguments: places } = command;
  // What may stand in a place, where that is known.
  const choices = places.flatMap(({ argChoices = [], description }) =>
    argChoices.map((word): [string, string] => [word, description]),
  );
  const own: Level = {
    path,
    words: [
      ...children.map((child): [string, string] => [child.name(), child.description()]),
      ...choices,
      ...options.flatMap((option) =>
        namesOf(option).map((name): [string, string] => [name, option.description]),
      ),
      ['--help', 'show options and examples'],
    ],
    values: options
      .filter((option) => option.required || option.optional)
      .flatMap((option) => namesOf(option).map((name): [string, string[]] => [name, valuesOf(option)])),
    files: children.length === 0 && choices.length === 0,
  };
  return [
    own,
    ...children.flatMap((child) => levelsOf(child, path === '' ? child.name() : `${path} ${child.name()}`)),
  ];
}

function namesOf({ long, short }: Option): string[] {
  return [long, short].filter((name) => name !== undefined && name !== null);
}

/** `--kernels <fused|aten>` knows its values. */
function valuesOf({ flags, argChoices }: Option): string[] {
  if (argChoices) return [...argChoices];
  const [, inside = ''] = /[<[]([\w|-]+)[\]>]/.exec(flags) ?? [];
  return inside.includes('|') ? inside.split('|') : [];
}

function bash(name: string, levels: readonly Level[]): string {
  const paths = levels.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`);
  const values = levels.flatMap(({ path, values: own }) =>
    own.map(([option, known]) => {
      const offer = known.length > 0 ? `compgen -W '${known.join(' ')}' -- "$cur"` : 'compgen -f -- "$cur"';
      return `    '${path}|${option}') mapfile -t COMPREPLY < <(${offer}); return ;;`;
    }),
  );
  const words = levels.map(({ path, words: own, files }) => {
    const list = `    '${path}') words='${own.map(([word]) => word).join(' ')}'`;
    return `${list}; files=${files ? 1 : 0} ;;`;
  });
  return `# Completes the commands and options of ${name} in bash: source <(${name} completion bash)
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' files=0 next i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${paths.join('|')}) path=$next ;;
    esac
  done
  case "$path|$prev" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [ "$files" = 1 ] && [[ $cur != -* ]]; then mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur"); fi
}
complete -o filenames -F _${name} ${name}
`;
}

function zsh(name: string, levels: readonly Level[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const item = ([word, meaning]: [string, string]) => quoted(`${word.replaceAll(':', '\\:')}:${meaning}`);
  const paths = levels.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  const values = levels.flatMap(({ path, values: own }) =>
    own.map(([option, known]) => {
      const offer = known.length > 0 ? `compadd -- ${known.map(quoted).join(' ')}` : '_files';
      return `    ${quoted(`${path}|${option}`)}) ${offer}; return ;;`;
    }),
  );
  const items = levels.map(
    ({ path, words, files }) =>
      `    ${quoted(path)}) items=(${words.map(item).join(' ')}); files=${files ? 1 : 0} ;;`,
  );
  return `#compdef ${name}
# Completes the commands and options of ${name} in zsh: source <(${name} completion zsh)
_${name}() {
  local chosen='' next i files=0
  local -a items
  for ((i = 2; i < CURRENT; i++)); do
    next="\${chosen:+$chosen }\${words[i]}"
    case "$next" in
      ${paths.join('|')}) chosen=$next ;;
    esac
  done
  case "$chosen|\${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case "$chosen" in
${items.join('\n')}
  esac
  _describe '${name}' items
  if [[ $files = 1 ]]; then _files; fi
}
# Sourced, it is registered; as a file of fpath it is the function itself, and begins with its first call.
if [[ \${funcstack[1]:-} = _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function fish(name: string, levels: readonly Level[]): string {
  const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = levels.flatMap(({ path, words, values }) => {
    const when = `-n ${quoted(`__${name}_at ${path === '' ? "''" : path}`)}`;
    const known = new Map(values);
    return words.map(([word, meaning]) => {
      const about = `-d ${quoted(meaning)}`;
      if (!word.startsWith('-')) return `complete -c ${name} ${when} -f -a ${word} ${about}`;
      const flag = word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`;
      const choices = known.get(word);
      const value =
        choices === undefined ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r';
      return `complete -c ${name} ${when} ${flag}${value} ${about}`;
    });
  });
  const commands = levels.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  return `# Completes the commands and options of ${name} in fish: ${name} completion fish | source
function __${name}_at
  set -l chosen ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$chosen $word")
    if contains -- $next ${commands.join(' ')}
      set chosen $next
    end
  end
  test "$chosen" = (string join ' ' -- $argv | string trim)
end
${lines.join('\n')}
`;
}
