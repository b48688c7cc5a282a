import type { Command } from "commander";

/** What commands are made with. */
export type CommandContext = {
  /** Takes the exit code of a command that ran. */
  readonly exit: (code: number) => void;
  readonly version: string;
  /** The words of the call. */
  readonly words: readonly string[];
};

/** Commands that are loaded together, by the words that call them. */
type CommandGroup = {
  readonly words: readonly string[];
  readonly add: (program: Command, context: CommandContext) => Promise<void>;
};

/** In the order of the help. Each is loaded when it is needed: all of them together would make every call wait for the parts of the others. */
const GROUPS: readonly CommandGroup[] = [
  { words: ["up"], add: async (program) => (await import("./commands/up.ts")).addUpCommand(program) },
  { words: ["gateway"], add: async (program) => (await import("./commands/gateway.ts")).addGatewayCommand(program) },
  { words: ["control"], add: async (program) => (await import("./commands/control.ts")).addControlCommand(program) },
  { words: ["snapshot-key"], add: async (program) => (await import("./commands/snapshot-key.ts")).addSnapshotKeyCommand(program) },
  { words: ["resolve"], add: async (program, { exit }) => (await import("./commands/resolve.ts")).addResolveCommand(program, exit) },
  {
    words: ["doctor"],
    add: async (program, { exit, words: [, called] }) => (await import("./commands/doctor.ts")).addDoctorCommand(program, { called, exit }),
  },
  { words: ["lint"], add: async (program, context) => (await import("./commands/lint.ts")).addLintCommand(program, context) },
  { words: ["ranges"], add: async (program, { exit }) => (await import("./commands/ranges.ts")).addRangesCommand(program, exit) },
  { words: ["env"], add: async (program, { exit }) => (await import("./commands/env.ts")).addEnvCommand(program, exit) },
  {
    words: ["export", "apply"],
    add: async (program, { exit }) => (await import("./commands/organization-files.ts")).addOrganizationFilesCommands(program, exit),
  },
  { words: ["audit"], add: async (program, { exit }) => (await import("./commands/audit.ts")).addAuditCommand(program, exit) },
  { words: ["action"], add: async (program) => (await import("./commands/action.ts")).addActionCommand(program) },
  { words: ["debug"], add: async (program) => (await import("./commands/debug.ts")).addDebugCommand(program) },
  { words: ["profile"], add: async (program) => (await import("./commands/profile.ts")).addProfileCommand(program) },
  { words: ["token"], add: async (program) => (await import("./commands/token.ts")).addTokenCommand(program) },
  { words: ["session"], add: async (program) => (await import("./commands/session.ts")).addSessionCommand(program) },
  { words: ["completion"], add: async (program) => (await import("./commands/completion.ts")).addCompletionCommand(program) },
];

/** Gives `program` the commands that a call needs: the one that its first word names, or all where it names none, or wants to know them all. Whoever asks for the version needs none. */
export async function addCommands(program: Command, context: CommandContext): Promise<void> {
  const [first] = context.words;
  if (first === "--version" || first === "-V") return;
  const named = GROUPS.filter(({ words }) => first !== undefined && words.includes(first) && !NEEDS_ALL.has(first));
  for (const group of named.length > 0 ? named : GROUPS) await group.add(program, context);
}

/** Its scripts tell of every command. */
const NEEDS_ALL: ReadonlySet<string> = new Set(["completion"]);
