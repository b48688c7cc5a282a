import {
  createVeil,
  type EnvExamination,
  type EnvTree,
  envDocument,
  envExaminationJson,
  examineEnvTree,
  proposeEnvPatch,
  scanEnvTree,
} from "@wherefrom/doctor";
import { type Command, InvalidArgumentError } from "commander";
import { escapeText } from "wherefrom";
import { CliError, exitCodes } from "../../errors.ts";
import { valueOption } from "../../option-values.ts";
import { writePrivateFile } from "../../private-file.ts";
import { readProcessEnvironment } from "../../process-environment.ts";
import { printReport, type ReportOptions, withReportOptions } from "./report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const EXAMPLES = `
Examples:
  $ wherefrom doctor env
  $ wherefrom doctor env software --json
  $ wherefrom doctor env software --pid 4711
  $ wherefrom doctor env software --fix env.patch && (cd software && git apply --unidiff-zero ../env.patch)

No value is ever printed: equal tags mean equal values, and of an endpoint only scheme, host and port are shown. --fix proposes and changes nothing; the patch holds values, so
only its owner can read it.

Exit codes: 0 nothing to warn of; 1 warnings; 2 usage; 3 could not run.`;

type EnvOptions = ReportOptions & { readonly environment?: string; readonly pid?: number; readonly mode?: string; readonly fix?: string };

/** Adds `wherefrom doctor env`: which env file wins for which key, for each loader. It changes nothing. */
export function addEnvCommand(doctor: Command, exit: (code: number) => void): void {
  withReportOptions(doctor.command("env"))
    .description("Say which env file wins for each key, for each loader")
    .argument("[folders...]", "where to look, and nowhere else (.)")
    .addOption(
      valueOption(
        "--environment <file>",
        "what a process has in its environment: NAME=VALUE, a line or a NUL each, or - for standard input",
        "WHEREFROM_DOCTOR_ENVIRONMENT",
      ),
    )
    .addOption(valueOption("--pid <number>", "take the environment of a running process", "WHEREFROM_DOCTOR_PID").argParser(parsePid))
    .addOption(valueOption("--mode <mode>", "the mode of Vite and Next.js (development)", "WHEREFROM_DOCTOR_MODE").argParser(parseMode))
    .addOption(valueOption("--fix <file>", "write a patch to a new file: it proposes, and deletes nothing", "WHEREFROM_DOCTOR_FIX"))
    .addHelpText("after", EXAMPLES)
    .action(async (given: readonly string[], options: EnvOptions) => {
      const folders = given.length === 0 ? ["."] : given;
      if (options.fix !== undefined && folders.length > 1) {
        throw new CliError("USAGE_OPTION_CONFLICT", "--fix writes a patch for one folder: name one");
      }
      const environment = await readProcessEnvironment(options);
      const examined: { tree: EnvTree; found: EnvExamination }[] = [];
      for (const folder of folders) {
        const tree = await scanEnvTree(folder);
        const found = examineEnvTree(tree, {
          ...(environment && { environment }),
          ...(options.mode !== undefined && { mode: options.mode }),
        });
        examined.push({ tree, found });
      }
      await print(examined, options);
      if (options.fix !== undefined) for (const { tree, found } of examined) writePatch(options.fix, { tree, found });
      const isWarned = examined.some(({ found }) => found.findings.some(({ severity }) => severity === "warning"));
      exit(isWarned ? exitCodes.findings : exitCodes.ok);
    });
}

function parsePid(text: string): number {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new InvalidArgumentError("Expected the number of a process.");
  return Number(text);
}

function parseMode(text: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/.test(text))
    throw new InvalidArgumentError("Expected 1 to 63 letters, digits, underscores or hyphens.");
  return text;
}

type Examined = { readonly tree: EnvTree; readonly found: EnvExamination };

async function print(examined: readonly Examined[], options: ReportOptions): Promise<void> {
  const veil = createVeil();
  const json = { version: JSON_VERSION, folders: examined.map(({ tree, found }) => envExaminationJson(tree, { found, veil })) };
  await printReport({ json, document: (language) => envDocument(examined, { language, veil }) }, options);
}

function writePatch(path: string, { tree, found }: Examined): void {
  const { text, files, lines } = proposeEnvPatch(tree, found);
  if (lines === 0) {
    process.stderr.write("Nothing to propose: no patch was written\n");
    return;
  }
  writePrivateFile(path, text);
  process.stderr.write(
    `${escapeText(path)} changes ${lines} lines of ${files} files; apply it in the folder by: git apply --unidiff-zero, or patch -p1\n`,
  );
}
