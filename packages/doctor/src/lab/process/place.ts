/** Where a process runs: on this machine as it is, or inside a network namespace of a lab. */
export type Place = {
  readonly name: string;
  /** Words before the command that bring it there. */
  readonly prefix: readonly string[];
  /** How long a command may take there, and a process until it is ready or has ended. */
  readonly waitMs: number;
};

/** How long a person waits for what does not come. */
export const DEFAULT_WAIT_MS = 20_000;

/** This machine as it is. Tests use only its loopback addresses. */
export const here: Place = { name: "here", prefix: [], waitMs: DEFAULT_WAIT_MS };

/** What `spawn` needs to run a command at a place. */
export type CommandLine = { readonly program: string; readonly args: string[]; readonly env: NodeJS.ProcessEnv };

/**
 * Brings a command to its place. Programs of the administrator (nginx, nft, ip) are found also where PATH leaves them out. Settings of
 * Wherefrom in the tester's own environment are left out: they would change what is tested.
 */
export function commandAt(place: Place, command: readonly string[], env: Readonly<Record<string, string>> = {}): CommandLine {
  const [program, ...args] = [...place.prefix, ...command];
  if (program === undefined) throw new Error("A command needs a program");
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("WHEREFROM_"));
  const path = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
  return { program, args, env: { ...Object.fromEntries(own), PATH: path, ...env } };
}
