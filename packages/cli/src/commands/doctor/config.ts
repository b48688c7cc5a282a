import {
  type ConfigExamination,
  configDocument,
  configExaminationJson,
  examineConfigs,
  includeBelow,
  isWorthALook,
  learnPath,
  openConfig,
} from "@wherefrom/doctor";
import { CONFIG_KINDS, CONFIG_LIMITS, type ConfigKind, type ConfigReading, readConfig } from "@wherefrom/proxies";
import type { Command } from "commander";
import { CliError, exitCodes } from "../../errors.ts";
import { valueOption } from "../../option-values.ts";
import { readProbeFile } from "../../probe-file.ts";
import { readWholeInput } from "../../standard-input.ts";
import { printReport, type ReportOptions, withReportOptions } from "./report-options.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const STANDARD_INPUT = "-";

const EXAMPLES = `
Examples:
  $ wherefrom doctor config /etc/nginx/nginx.conf
  $ wherefrom doctor config --root ./image ./image/etc/nginx/nginx.conf --json
  $ wherefrom doctor config edge/nginx.conf inner/nginx.conf --probe probe.json
  $ wherefrom doctor config edge/nginx.conf gunicorn.conf.py
  $ wherefrom doctor config edge/nginx.conf Procfile
  $ wherefrom doctor config /etc/haproxy/haproxy.cfg /etc/nginx/nginx.conf
  $ wherefrom doctor config /etc/caddy/Caddyfile
  $ wherefrom doctor config --root /etc/apache2 /etc/apache2/apache2.conf
  $ nginx -T | wherefrom doctor config --kind nginx -
  $ wherefrom doctor config edge/haproxy.cfg src/server.ts
  $ wherefrom doctor config compose.yaml
  $ nft list ruleset | wherefrom doctor config -

Several files are the hops of one way, in the order in which a request meets them. What a file includes is looked for below its own folder, or below --root, and nowhere else.

Exit codes: 0 nothing but notes; 1 errors, warnings, or a part that could not be read; 2 usage; 3 could not run.`;

type ConfigOptions = ReportOptions & { readonly kind?: ConfigKind; readonly root?: string; readonly probe?: string };

/** Adds `wherefrom doctor config`: what configurations do to the client address. It connects to nothing and changes nothing. */
export function addConfigCommand(doctor: Command, exit: (code: number) => void): void {
  withReportOptions(doctor.command("config"))
    .description("Say what configurations of proxies and services do to the client address, with their lines")
    .argument("<files...>", "configurations, or - for standard input")
    .addOption(
      valueOption("--kind <kind>", "what they are; without it that is told by name and content", "WHEREFROM_DOCTOR_KIND").choices(
        CONFIG_KINDS,
      ),
    )
    .addOption(valueOption("--root <folder>", "where included files are looked for", "WHEREFROM_DOCTOR_ROOT"))
    .addOption(valueOption("--probe <file>", "hold them against what doctor probe --json wrote", "WHEREFROM_DOCTOR_PROBE"))
    .addHelpText("after", EXAMPLES)
    .action(async (files: readonly string[], options: ConfigOptions) => {
      if (files.filter((file) => file === STANDARD_INPUT).length > 1)
        throw new CliError("USAGE_OPTION_CONFLICT", "Standard input (-) can be read once");
      const readings: ConfigReading[] = [];
      for (const file of files) readings.push(await read(file, options));
      const run = options.probe === undefined ? undefined : readProbeFile(options.probe);
      const examination = examineConfigs(readings, run === undefined ? {} : { path: learnPath(run) });
      await print(examination, options);
      exit(isWorthALook(examination) ? exitCodes.findings : exitCodes.ok);
    });
}

async function read(file: string, { kind, root }: ConfigOptions): Promise<ConfigReading> {
  const options = kind === undefined ? {} : { kind };
  if (file !== STANDARD_INPUT) {
    const { source, include } = openConfig(file, root === undefined ? {} : { root });
    return readConfig(source, { ...options, include });
  }
  const text = await readWholeInput(CONFIG_LIMITS.maxFileBytes);
  return readConfig({ name: "standard input", text }, { ...options, ...(root !== undefined && { include: includeBelow(root) }) });
}

async function print(examination: ConfigExamination, options: ReportOptions): Promise<void> {
  const json = { version: JSON_VERSION, ...configExaminationJson(examination) };
  await printReport({ json, document: (language) => configDocument(examination, language) }, options);
}
