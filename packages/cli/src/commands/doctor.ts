import type { Command } from "commander";
import { addCompareCommand } from "./doctor/compare.ts";
import { addConfigCommand } from "./doctor/config.ts";
import { addDiagnoseCommand } from "./doctor/diagnose.ts";
import { addEnvCommand } from "./doctor/env.ts";
import { addLabCommand } from "./doctor/lab.ts";
import { addLogsCommand } from "./doctor/logs.ts";
import { addProbeCommand } from "./doctor/probe.ts";
import { addServeCommand } from "./doctor/serve.ts";

const EXAMPLES = `
Examples:
  $ wherefrom doctor serve --host 0.0.0.0 --port 8000
  $ wherefrom doctor probe http://service.example:18000/.wherefrom-4c1f0a9e7d2b
  $ wherefrom doctor diagnose --facts '{"peer.isDefaultGateway": true, "cmp.otherServiceReal": true, "hdr.forwarding": "none"}'
  $ wherefrom doctor env software
  $ wherefrom doctor logs /var/log/nginx/access.log
  $ sudo wherefrom doctor lab`;

/** Adds `wherefrom doctor`: why the address is wrong, what to change, and whether it is mended. */
export function addDoctorCommand(program: Command, exit: (code: number) => void): void {
  const doctor = program
    .command("doctor")
    .description("Find out why the client address is wrong, and what to change")
    .addHelpText("after", EXAMPLES);
  addServeCommand(doctor);
  addProbeCommand(doctor, exit);
  addCompareCommand(doctor, exit);
  addDiagnoseCommand(doctor, exit);
  addConfigCommand(doctor, exit);
  addEnvCommand(doctor, exit);
  addLogsCommand(doctor, exit);
  addLabCommand(doctor, exit);
}
