import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { type Language, readCatalogue } from "@wherefrom/diagnosis";
import {
  LAB_FAULTS,
  type Lab,
  type LabStep,
  labFaultIn,
  labStepJson,
  labStepText,
  labTextIn,
  openLab,
  requireLab,
  runFault,
  said,
} from "@wherefrom/doctor";
import { type Command, InvalidArgumentError } from "commander";
import { exitCodes } from "../../errors.ts";
import { parseDuration, switchOption, valueOption } from "../../option-values.ts";
import { type Output, openOutput, printableJson } from "../../output.ts";
import { languageOption } from "./report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

/** The post-mortem's two faults, one after the other. */
const DEFAULT_FAULTS: readonly string[] = ["nat-on", "stale-env"];

/** The shell's convention for a process that SIGINT ended. */
const INTERRUPTED = 130;

const EXAMPLES = `
Examples:
  $ sudo wherefrom doctor lab
  $ sudo wherefrom doctor lab --fault no-return-route --step
  $ sudo wherefrom doctor lab --fault forged-headers --keep
  $ sudo wherefrom doctor lab --fault all --language ja
  $ wherefrom doctor lab --list

It builds a network of its own in network namespaces (a client, a cloud host, a firewall, two services), makes a fault in it, finds the cause with the doctor's own commands, mends it there, and probes
again. Nothing of it is in the machine's own network, and all of it is gone in the end, also after Ctrl-C. It takes root on Linux, with the programs ip and nft.

Exit codes: 0 each cause was found and each fault mended; 1 one was not; 2 usage; 3 it cannot be opened here; 130 stopped.`;

type LabOptions = {
  readonly fault?: readonly string[];
  readonly list?: boolean;
  readonly step?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly language: Language;
  /** In milliseconds. */
  readonly wait?: number;
};

/** Adds `wherefrom doctor lab`: faults to look at, in a network that is made for it. */
export function addLabCommand(doctor: Command, exit: (code: number) => void): void {
  doctor
    .command("lab")
    .description("Make a fault in a network of its own, find it, mend it, and check (root)")
    .addOption(
      valueOption("--fault <name>", "which fault, or all; repeat it; without it the post-mortem's two", "WHEREFROM_LAB_FAULT")
        .choices([...NAMES, "all"])
        .argParser(addFault),
    )
    .addOption(switchOption("--list", "list the faults", "WHEREFROM_LAB_LIST"))
    .addOption(switchOption("--step", "wait for Enter behind each step", "WHEREFROM_LAB_STEP"))
    .addOption(switchOption("--keep", "keep the network of the last fault until Enter, to look around in it", "WHEREFROM_LAB_KEEP"))
    .addOption(
      valueOption("--wait <duration>", "how long a command of the lab may take; 20s when not given", "WHEREFROM_LAB_WAIT").argParser(
        parseDuration,
      ),
    )
    .addOption(languageOption())
    .addOption(switchOption("--json", "write one JSON object with a version", "WHEREFROM_JSON"))
    .addHelpText("after", EXAMPLES)
    .action(async (options: LabOptions) => {
      const output = openOutput(process.stdout);
      if (options.list === true) await output.write(listOf(options));
      else exit(await showFaults(output, options));
      await output.finish();
    });
}

const NAMES: readonly string[] = LAB_FAULTS.map(({ name }) => name);

function addFault(name: string, earlier: readonly string[] | undefined): readonly string[] {
  if (name === "all") return NAMES;
  if (!NAMES.includes(name)) throw new InvalidArgumentError(`Expected one of ${NAMES.join(", ")}, or all.`);
  return [...(earlier ?? []), name];
}

function listOf({ json, language }: LabOptions): string {
  if (json === true)
    return `${printableJson({ version: JSON_VERSION, faults: LAB_FAULTS.map(({ name, cause }) => ({ name, about: labFaultIn(name, "en"), cause })) })}\n`;
  const width = Math.max(...NAMES.map((name) => name.length));
  return LAB_FAULTS.map(({ name }) => `${name.padEnd(width)}  ${labFaultIn(name, language)}\n`).join("");
}

/** Shows one fault after the other, each in a lab of its own. Whatever happens, Ctrl-C included, nothing of a lab stays behind. */
async function showFaults(output: Output, options: LabOptions): Promise<number> {
  const wanted = LAB_FAULTS.filter(({ name }) => (options.fault ?? DEFAULT_FAULTS).includes(name));
  const waiting = options.wait === undefined ? {} : { waitMs: options.wait };
  await requireLab(wanted, waiting);
  const steps: LabStep[] = [];
  let lab: Lab | undefined;
  const stop = (): void => {
    // the lab's own keeper removes what is still being built
    void (lab?.close() ?? Promise.resolve()).finally(() => process.exit(INTERRUPTED));
  };
  for (const signal of SIGNALS) process.once(signal, stop);
  const catalogue = readCatalogue();
  const tell = async (step: LabStep): Promise<void> => {
    steps.push(step);
    if (options.json !== true) await output.write(labStepText(step, options.language));
    if (options.step === true) await waitForEnter(labTextIn(said("labEnterGoesOn"), options.language));
  };
  let isGood = true;
  try {
    for (const fault of wanted) {
      lab = await openLab(WHEREFROM, waiting);
      isGood = (await runFault(fault, { lab, catalogue, tell })) && isGood;
      if (options.keep === true && fault === wanted.at(-1))
        await waitForEnter(labTextIn(said("labEnterRemoves", { shell: `${lab.at("client").prefix.join(" ")} sh` }), options.language));
      await lab.close();
      lab = undefined;
    }
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop);
    await lab?.close();
  }
  if (options.json === true) await output.write(`${printableJson({ version: JSON_VERSION, isGood, steps: steps.map(labStepJson) })}\n`);
  return isGood ? exitCodes.ok : exitCodes.findings;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The words that start this very command. */
const WHEREFROM: readonly string[] = [process.execPath, fileURLToPath(new URL("../../../bin/wherefrom.js", import.meta.url))];

async function waitForEnter(prompt: string): Promise<void> {
  const input = createInterface({ input: process.stdin, output: process.stderr });
  // readline takes Ctrl-C for itself
  input.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  await input.question(`  (${prompt}) `);
  input.close();
}
