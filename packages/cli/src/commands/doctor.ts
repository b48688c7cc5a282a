import type { Command } from "commander";

const EXAMPLES = `
Examples:
  $ wherefrom doctor serve --host 0.0.0.0 --port 8000
  $ wherefrom doctor probe http://service.example:18000/.wherefrom-4c1f0a9e7d2b
  $ wherefrom doctor diagnose --facts '{"peer.isDefaultGateway": true, "cmp.otherServiceReal": true, "hdr.forwarding": "none"}'
  $ wherefrom doctor env software
  $ wherefrom doctor logs /var/log/nginx/access.log
  $ sudo wherefrom doctor lab`;

type Exit = (code: number) => void;

/** In the order of the help. Each is loaded when it is needed, like the commands beside this one. */
const COMMANDS: Readonly<Record<string, (doctor: Command, exit: Exit) => Promise<void>>> = {
  serve: async (doctor) => (await import("./doctor/serve.ts")).addServeCommand(doctor),
  probe: async (doctor, exit) => (await import("./doctor/probe.ts")).addProbeCommand(doctor, exit),
  compare: async (doctor, exit) => (await import("./doctor/compare.ts")).addCompareCommand(doctor, exit),
  diagnose: async (doctor, exit) => (await import("./doctor/diagnose.ts")).addDiagnoseCommand(doctor, exit),
  config: async (doctor, exit) => (await import("./doctor/config.ts")).addConfigCommand(doctor, exit),
  env: async (doctor, exit) => (await import("./doctor/env.ts")).addEnvCommand(doctor, exit),
  logs: async (doctor, exit) => (await import("./doctor/logs.ts")).addLogsCommand(doctor, exit),
  lab: async (doctor, exit) => (await import("./doctor/lab.ts")).addLabCommand(doctor, exit),
};

/** Adds `wherefrom doctor`: why the address is wrong, what to change, and whether it is mended. `called` is the word behind it: where it names a command, the others are left out. */
export async function addDoctorCommand(
  program: Command,
  { called = "", exit }: { readonly called: string | undefined; readonly exit: Exit },
): Promise<void> {
  const doctor = program
    .command("doctor")
    .description("Find out why the client address is wrong, and what to change")
    .addHelpText("after", EXAMPLES);
  const isNamed = Object.hasOwn(COMMANDS, called);
  for (const [name, add] of Object.entries(COMMANDS)) if (!isNamed || name === called) await add(doctor, exit);
}
