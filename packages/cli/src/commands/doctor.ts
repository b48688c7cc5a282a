import type { Command } from "commander";
import { addDiagnoseCommand } from "./doctor/diagnose.ts";
import { addEnvCommand } from "./doctor/env.ts";

const EXAMPLES = `
Examples:
  $ wherefrom doctor diagnose --facts '{"peer.isDefaultGateway": true, "cmp.otherServiceReal": true, "hdr.forwarding": "none"}'
  $ wherefrom doctor env software`;

/** Adds `wherefrom doctor`: why the address is wrong, what to change, and whether it is mended. */
export function addDoctorCommand(program: Command, exit: (code: number) => void): void {
  const doctor = program
    .command("doctor")
    .description("Find out why the client address is wrong, and what to change")
    .addHelpText("after", EXAMPLES);
  addDiagnoseCommand(doctor, exit);
  addEnvCommand(doctor, exit);
}
