import type { Command } from "commander";

/** A command, as far as a shell has to know it. */
type Known = { readonly path: string; readonly words: readonly string[]; readonly flags: readonly Flag[] };
type Flag = {
  readonly long: string;
  readonly description: string;
  readonly takesValue: boolean;
  /** All values that there are; none where it may be anything. */
  readonly choices: readonly string[];
};

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A script that makes a shell complete the commands and options of `program`. Values are completed from their choices, or as files. */
export function completionScript(program: Command, shell: Shell): string {
  const known = commandsBelow(program, "");
  switch (shell) {
    case "bash":
      return bashScript(known);
    case "zsh":
      // zsh runs bash's completions; a script of its own would say the same again
      return `autoload -Uz +X bashcompinit && bashcompinit\n${bashScript(known)}`;
    case "fish":
      return fishScript(known);
  }
}

function commandsBelow(command: Command, path: string): readonly Known[] {
  const flags = command.options.flatMap(({ long, description, required, optional, argChoices: choices = [] }) =>
    long ? [{ long, description, takesValue: required || optional, choices }] : [],
  );
  const words = [
    ...command.commands.map((inner) => inner.name()),
    ...command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  ];
  const own = { path, words, flags: [...flags, HELP] };
  return [own, ...command.commands.flatMap((inner) => commandsBelow(inner, path === "" ? inner.name() : `${path} ${inner.name()}`))];
}

const HELP: Flag = { long: "--help", description: "show the help", takesValue: false, choices: [] };

/** A function that walks the words that are there to the command they name, and offers its words and flags. */
function bashScript(known: readonly Known[]): string {
  const cases = known.map(({ path, words, flags }) => {
    const offered = [...words, ...flags.map(({ long }) => long)].join(" ");
    const values = flags.filter(({ takesValue }) => takesValue).map(({ long }) => long);
    return `    "${path}") words="${offered}"; values=" ${values.join(" ")} ";;`;
  });
  const choices = known.flatMap(({ path, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(({ long, choices }) => `    "${path} ${long}") COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current")); return;;`),
  );
  const paths = known.filter(({ path }) => path !== "").map(({ path }) => `"${path}"`);
  return `_wherefrom() {
  local current="\${COMP_WORDS[$COMP_CWORD]}" previous="\${COMP_WORDS[$((COMP_CWORD-1))]}" path="" words="" values="" word next
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do
    next="\${path:+$path }$word"
    case "$next" in
      ${paths.join("|")}) path="$next";;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  case "$path $previous" in
${choices.join("\n")}
  esac
  if [[ "$values" == *" $previous "* ]]; then COMPREPLY=($(compgen -f -- "$current")); return; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ \${#COMPREPLY[@]} -eq 0 && "$current" != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _wherefrom wherefrom
`;
}

/** The same walk as a function, and one line for each word and flag of each command. */
function fishScript(known: readonly Known[]): string {
  const paths = known.filter(({ path }) => path !== "").map(({ path }) => `'${path}'`);
  const lines = known.flatMap(({ path, words, flags }) => {
    const here = `complete -c wherefrom -n "__wherefrom_at '${path}'"`;
    return [
      ...words.map((word) => `${here} -f -a ${word}`),
      ...flags.map(({ long, description, takesValue, choices }) => {
        const text = description.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
        const value = choices.length > 0 ? ` -r -f -a '${choices.join(" ")}'` : takesValue ? " -r" : "";
        return `${here} -l ${long.slice(2)}${value} -d '${text}'`;
      }),
    ];
  });
  return `function __wherefrom_at
  set -l path ''
  for word in (commandline -opc)[2..]
    set -l next (string trim "$path $word")
    contains -- $next ${paths.join(" ")}; and set path $next
  end
  test "$path" = "$argv[1]"
end
${lines.join("\n")}
`;
}
