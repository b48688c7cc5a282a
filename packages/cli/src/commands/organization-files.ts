import type { FieldViolation, JsonChange } from "@wherefrom/model";
import type { Command } from "commander";
import { type Api, ApiRefusal } from "../api/client.ts";
import { printFound } from "../api/print.ts";
import { printChanges } from "../api/print-changes.ts";
import { type ApiOptions, addApiOptions, openTarget } from "../api/target.ts";
import { CliError, exitCodes } from "../errors.ts";
import { switchOption } from "../option-values.ts";
import {
  type OrganizationDocument,
  type OrganizationFiles,
  readOrganizationFolder,
  writeOrganizationFolder,
} from "../organization-folder.ts";
import { printable } from "../output.ts";

const EXPORT_EXAMPLES = `
Examples:
  $ wherefrom export ./acme --organization acme
  $ wherefrom export ./acme && git -C ./acme diff

The same organization makes the same files. Files of environments that are gone are removed. Security actions are in no file: an older file
would let in who was banned since.`;

const APPLY_EXAMPLES = `
Examples:
  $ wherefrom apply ./acme --dry-run
  $ wherefrom apply ./acme --reason "$(git -C ./acme rev-parse HEAD)"
  $ wherefrom apply ./acme --prune          # deletes environments that have no file

An environment becomes what its file says: what the file leaves out is not set afterwards. Its security actions stay. It is all or nothing.

Exit codes: 0 done, or nothing to do; 1 a dry run that would change something; 2 usage, or files that are refused; 3 could not run.`;

type ApplyOptions = ApiOptions & { readonly dryRun?: boolean; readonly prune?: boolean };

type Step = { readonly resource: string; readonly change: "CREATED" | "UPDATED" | "DELETED"; readonly changes: readonly JsonChange[] };
type Applied = {
  readonly applied: boolean;
  readonly etag: string;
  readonly changes: readonly Step[];
  readonly unchanged: readonly string[];
  readonly kept: readonly string[];
  readonly warnings: readonly string[];
};

/** Adds `wherefrom apply` and `wherefrom export`: an organization as files. */
export function addOrganizationFilesCommands(program: Command, exit: (code: number) => void): void {
  addApiOptions(program.command("export").description("Write an organization as files"), false)
    .argument("<folder>", "an empty folder, or one that was exported to before")
    .addHelpText("after", EXPORT_EXAMPLES)
    .action(exportOrganization);
  addApiOptions(program.command("apply").description("Bring an organization to what files say"), true)
    .argument("<folder>", "a folder that was exported")
    .addOption(switchOption("--dry-run", "say what would change, and change nothing", "WHEREFROM_DRY_RUN"))
    .addOption(switchOption("--prune", "delete environments that have no file", "WHEREFROM_PRUNE"))
    .addHelpText("after", APPLY_EXAMPLES)
    .action(async (folder: string, options: ApplyOptions) => exit(await applyOrganization(folder, options)));
}

async function exportOrganization(folder: string, options: ApiOptions): Promise<void> {
  const { api } = openTarget(options);
  const { body, etag } = await api.get(":export");
  const document = body as OrganizationDocument;
  const removed = writeOrganizationFolder(folder, document);
  const names = document.environments.map(({ name }) => name);
  await printFound(options.json, {
    json: { organization: api.organization, etag, environments: names, removed },
    text: () =>
      [...removed.map((file) => `removed ${file}`), `${api.organization} is in ${folder}, environments: ${names.length}`]
        .map(printable)
        .join("\n"),
  });
}

/** Plans first and applies with the plan's tag, so that nobody's change in between is overrun. */
async function applyOrganization(folder: string, options: ApplyOptions): Promise<number> {
  const { api } = openTarget(options);
  const document = readOrganizationFolder(folder);
  const prune = options.prune === true;
  const plan = await apply(api, { folder, document, request: { prune, validateOnly: true }, ifMatch: undefined });
  const isDone = options.dryRun === true || plan.changes.length === 0;
  const applied = isDone ? plan : await apply(api, { folder, document, request: { prune }, ifMatch: plan.etag });
  for (const warning of applied.warnings) process.stderr.write(`warning: ${printable(warning)}\n`);
  await printFound(options.json, { json: { organization: api.organization, ...applied }, text: () => printApplied(applied) });
  return options.dryRun === true && plan.changes.length > 0 ? exitCodes.findings : exitCodes.ok;
}

type Applying = {
  readonly folder: string;
  readonly document: OrganizationFiles;
  readonly request: { readonly prune: boolean; readonly validateOnly?: boolean };
  readonly ifMatch: string | undefined;
};

async function apply(api: Api, { folder, document, request, ifMatch }: Applying): Promise<Applied> {
  const { files, ...parts } = document;
  try {
    return (await api.send("POST", ":apply", { body: { ...parts, ...request }, ifMatch })).body as Applied;
  } catch (error) {
    if (!(error instanceof ApiRefusal) || error.violations.length === 0) throw error;
    const lines = error.violations.map((violation) => inFile(violation, document));
    throw new CliError("FILES_INVALID", [`The files in ${folder} are refused`, ...lines].map(printable).join("\n  "));
  }
}

/** A fault of the document as a fault of the file that it came from. */
function inFile({ field, description }: FieldViolation, { environments, files }: OrganizationFiles): string {
  const [part, name = "", ...inside] = field.split("/");
  if (part === "organization") return `organization.json: /settings/${[name, ...inside].join("/")}: ${description}`;
  const index = environments.findIndex((environment) => environment.name === name);
  const file = part === "environments" ? files[index === -1 ? Number(name) : index] : undefined;
  return file === undefined ? `${field}: ${description}` : `${file}: /${inside.join("/")}: ${description}`;
}

function printApplied({ applied, changes, unchanged, kept }: Applied): string {
  const marks = { CREATED: "+", UPDATED: "~", DELETED: "-" } as const;
  const steps = changes.flatMap(({ resource, change, changes: inside }) => [
    printable(`${marks[change]} ${resource}`),
    ...(change === "UPDATED" ? printChanges(inside, "    ") : []),
  ]);
  const keptLine = kept.length === 0 ? [] : [printable(`kept, though without a file: ${kept.join(", ")} (--prune deletes them)`)];
  if (changes.length === 0) return [...keptLine, `nothing to do, ${unchanged.length} unchanged`].join("\n");
  const count = (change: Step["change"]) => changes.filter((step) => step.change === change).length;
  const what = applied ? "" : " to be";
  const counts = `${count("CREATED")}${what} created, ${count("UPDATED")}${what} updated, ${count("DELETED")}${what} deleted, ${unchanged.length} unchanged`;
  return [...steps, ...keptLine, counts].join("\n");
}
