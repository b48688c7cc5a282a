import type { Command } from "commander";
import type { Api } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { type ApiOptions, addApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { CliError } from "../../errors.ts";
import { valueOption } from "../../option-values.ts";
import { printTable } from "../../table.ts";

const EXAMPLES = `
Examples:
  $ wherefrom debug mask show --environment prod
  $ wherefrom debug mask add request.header.x-customer request.queryparam.name --environment prod
  $ wherefrom debug mask remove request.queryparam.name --environment prod

Secrets are hidden without it: Authorization, Cookie, Set-Cookie, and fields and parameters whose names say token, key or the like.
It holds for all debug sessions of the environment, from the next request on. What was recorded before stays as it is.`;

const TEXTS = {
  show: `
Examples:
  $ wherefrom debug mask show --environment prod
  $ wherefrom debug mask show --environment prod --json | jq -r '.variables[]'`,
  add: `
Examples:
  $ wherefrom debug mask add request.header.x-customer --environment prod --reason 'It names customers'
  $ wherefrom debug mask add client.ip proxy.client.ip client_ip_resolution.resolved.ip wherefrom.explanation --environment prod

A header field stands for both ways with message.header.NAME. Of the address of the page, request.uri hides all.`,
  remove: `
Examples:
  $ wherefrom debug mask remove request.header.x-customer --environment prod`,
} as const;

type MaskOptions = ApiOptions & { readonly environment?: string };

/** Adds `wherefrom debug mask`: what debug sessions of an environment hide beside what they always do. */
export function addMaskCommand(debug: Command): void {
  const mask = debug.command("mask").description("Show and set what debug sessions hide").addHelpText("after", EXAMPLES);
  const add = (name: keyof typeof TEXTS, description: string, { isWriting = false } = {}): Command =>
    addApiOptions(mask.command(name).description(description), isWriting)
      .addOption(valueOption("--environment <name>", "the environment", "WHEREFROM_ENVIRONMENT"))
      .addHelpText("after", TEXTS[name]);
  add("show", "Show what is hidden").action(show);
  add("add", "Hide the values of variables", { isWriting: true }).argument("<variables...>", "such as request.header.NAME").action(hide);
  add("remove", "Hide the values of variables no more", { isWriting: true })
    .argument("<variables...>", "as wherefrom debug mask show tells them")
    .action(unhide);
}

async function show(options: MaskOptions): Promise<void> {
  const { api, path } = openMask(options);
  const { body, etag } = await api.get(path);
  await print({ variables: body.variables, etag }, options);
}

async function hide(variables: readonly string[], options: MaskOptions): Promise<void> {
  const { api, path } = openMask(options);
  const { body, etag } = await api.send("PATCH", path, { body: { variables } });
  await print({ variables: body.variables, etag }, options);
}

/** Nobody else changes it meanwhile: what was read is the condition of the write. */
async function unhide(variables: readonly string[], options: MaskOptions): Promise<void> {
  const { api, path } = openMask(options);
  const standing = await api.get(path);
  const hidden: readonly string[] = standing.body.variables;
  const strangers = variables.filter((variable) => !hidden.includes(variable));
  if (strangers.length > 0) {
    const known = hidden.length === 0 ? "nothing is" : `hidden is ${hidden.join(", ")}`;
    throw new CliError("USAGE_OPTION_INVALID", `Expected variables that are hidden, received ${strangers.join(", ")}: ${known}`);
  }
  const left = hidden.filter((variable) => !variables.includes(variable));
  const query = { replaceRepeatedFields: "true" };
  const { body, etag } = await api.send("PATCH", path, { body: { variables: left }, query, ifMatch: standing.etag });
  await print({ variables: body.variables, etag }, options);
}

type Shown = { readonly variables: readonly string[]; readonly etag: string | undefined };

async function print({ variables, etag }: Shown, { json }: MaskOptions): Promise<void> {
  const text = (): string =>
    variables.length === 0 ? "Nothing is hidden but secrets" : printTable(variables.map((variable) => [variable]));
  await printFound(json, { json: { variables, etag }, text });
}

function openMask(options: MaskOptions): { readonly api: Api; readonly path: string } {
  const { api, environment } = openTarget(options);
  return { api, path: `/environments/${encodeURIComponent(environmentOf(options.environment, environment))}/debugmask` };
}
