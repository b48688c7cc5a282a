import type { Command } from "commander";
import { type ActionFlags, addActionOptions, readActionBody } from "../action-body.ts";
import type { Api, Body } from "../api/client.ts";
import { printFound, shortJson } from "../api/print.ts";
import { type ApiOptions, addApiOptions, environmentOf, openTarget } from "../api/target.ts";
import { valueOption } from "../option-values.ts";
import { printable } from "../output.ts";
import { printTable } from "../table.ts";

const EXAMPLES = `
Examples:
  $ wherefrom action list --environment prod
  $ wherefrom action create noisy --environment prod --range 203.0.113.0/24 --deny 429 --reason 'A flood from this network'
  $ wherefrom action disable noisy --environment prod
  $ wherefrom action delete noisy --environment prod
  $ wherefrom action pause --environment prod --reason 'Everybody is denied'     # none of them, until wherefrom action resume

The environment may be left out when WHEREFROM_ENVIRONMENT or the profile has one.`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom action list --environment prod
  $ wherefrom action list --environment prod --filter 'state = ENABLED AND apiProxies:orders'`;

const GET_EXAMPLES = `
Examples:
  $ wherefrom action get noisy --environment prod --json | jq .securityAction.conditionConfig`;

const CREATE_EXAMPLES = `
Examples:
  $ wherefrom action create noisy --environment prod --range 203.0.113.0/24 --deny 429 --ttl 1h --reason 'A flood from this network'
  $ wherefrom action create office --environment prod --range 198.51.100.7 --range 2001:db8:7::/48 --allow
  $ wherefrom action create robots --environment prod \\
      --action '{"state":"ENABLED","conditionConfig":{"userAgents":["curl/8.5.0"]},"deny":{"responseCode":403}}'

--action takes every other condition and effect. With --observe an action decides nothing and only counts what it would have decided.`;

const END_EXAMPLES: Readonly<Record<"enable" | "disable" | "delete", string>> = {
  enable: `
Examples:
  $ wherefrom action enable noisy --environment prod --reason 'They are back'`,
  disable: `
Examples:
  $ wherefrom action disable noisy --environment prod --reason 'The flood is over'`,
  delete: `
Examples:
  $ wherefrom action delete noisy --environment prod
  $ wherefrom action delete noisy --environment prod --if-match '"r7"'`,
};

const SWITCH_EXAMPLES: Readonly<Record<"pause" | "resume", string>> = {
  pause: `
Examples:
  $ wherefrom action pause --environment prod --reason 'Everybody is denied'

Each action keeps its state. New ones can be made, and are not enforced either.`,
  resume: `
Examples:
  $ wherefrom action resume --environment prod --reason 'The range is right now'`,
};

type ActionOptions = ApiOptions & { readonly environment?: string; readonly ifMatch?: string };
type ListOptions = ActionOptions & { readonly filter?: string };
type CreateOptions = ActionOptions & ActionFlags;

const PAUSED = "Paused: none of the security actions is enforced, until wherefrom action resume";

/** Adds `wherefrom action`: the security actions of an environment. */
export function addActionCommand(program: Command): void {
  const action = program.command("action").description("Ban, let in and flag clients").addHelpText("after", EXAMPLES);
  const add = (
    name: string,
    { description, examples, isWriting = false }: { description: string; examples: string; isWriting?: boolean },
  ) => {
    const command = addApiOptions(action.command(name).description(description), isWriting)
      .addOption(valueOption("--environment <name>", "the environment", "WHEREFROM_ENVIRONMENT"))
      .addHelpText("after", examples);
    if (isWriting)
      command.addOption(valueOption("--if-match <tag>", "only if this version of the environment stands", "WHEREFROM_IF_MATCH"));
    return command;
  };
  add("list", { description: "List the security actions, newest first", examples: LIST_EXAMPLES })
    .addOption(valueOption("--filter <text>", "by state and apiProxies", "WHEREFROM_FILTER"))
    .action(listActions);
  add("get", { description: "Show a security action", examples: GET_EXAMPLES }).argument("<id>", "its id").action(getAction);
  addActionOptions(add("create", { description: "Create a security action", examples: CREATE_EXAMPLES, isWriting: true }))
    .argument("<id>", "a new id")
    .action(createAction);
  for (const verb of ["enable", "disable"] as const) {
    const description = verb === "enable" ? "Enforce a security action again" : "Stop enforcing a security action, and keep it";
    add(verb, { description, examples: END_EXAMPLES[verb], isWriting: true })
      .argument("<id>", "its id")
      .action((id: string, options: ActionOptions) => switchAction(verb, id, options));
  }
  for (const verb of ["pause", "resume"] as const) {
    const description = verb === "pause" ? "Enforce none of the security actions" : "Enforce security actions again";
    add(verb, { description, examples: SWITCH_EXAMPLES[verb], isWriting: true }).action((options: ActionOptions) =>
      switchAll(verb, options),
    );
  }
  add("delete", { description: "Delete a security action", examples: END_EXAMPLES.delete, isWriting: true })
    .argument("<id>", "its id")
    .action(deleteAction);
}

async function listActions(options: ListOptions): Promise<void> {
  const { api, path } = openActions(options);
  const securityActions = await readActions(api, { path, filter: options.filter ?? "" });
  const { body: config } = await api.get(`${path}Config`);
  for (const action of securityActions) warn(action);
  const text = (): string => (config.enabled === false ? `${PAUSED}\n${printActions(securityActions)}` : printActions(securityActions));
  await printFound(options.json, { json: { enabled: config.enabled !== false, securityActions }, text });
}

async function getAction(id: string, options: ActionOptions): Promise<void> {
  const { api, path } = openActions(options);
  await printAction(await api.get(`${path}/${encodeURIComponent(id)}`), options);
}

async function createAction(id: string, options: CreateOptions): Promise<void> {
  const { api, path } = openActions(options);
  const body = readActionBody(options);
  await printAction(await api.send("POST", path, { body, ifMatch: options.ifMatch, query: { securityActionId: id } }), options);
}

async function switchAction(verb: "enable" | "disable", id: string, options: ActionOptions): Promise<void> {
  const { api, path } = openActions(options);
  await printAction(await api.send("POST", `${path}/${encodeURIComponent(id)}:${verb}`, { body: {}, ifMatch: options.ifMatch }), options);
}

async function switchAll(verb: "pause" | "resume", options: ActionOptions): Promise<void> {
  const { api, path } = openActions(options);
  const isEnabled = verb === "resume";
  const { etag } = await api.send("PATCH", `${path}Config`, { body: { enabled: isEnabled }, ifMatch: options.ifMatch });
  await printFound(options.json, {
    json: { enabled: isEnabled, etag },
    text: () => (isEnabled ? "Security actions are enforced" : PAUSED),
  });
}

async function deleteAction(id: string, options: ActionOptions): Promise<void> {
  const { api, path } = openActions(options);
  const { etag } = await api.send("DELETE", `${path}/${encodeURIComponent(id)}`, { ifMatch: options.ifMatch });
  await printFound(options.json, { json: { deleted: id, etag }, text: () => printable(`Deleted ${id}`) });
}

function openActions(options: ActionOptions): { readonly api: Api; readonly path: string } {
  const { api, environment } = openTarget(options);
  return { api, path: `/environments/${encodeURIComponent(environmentOf(options.environment, environment))}/securityActions` };
}

/** All pages. */
async function readActions(api: Api, { path, filter }: { path: string; filter: string }): Promise<readonly Body[]> {
  const actions: Body[] = [];
  let pageToken = "";
  do {
    const { body } = await api.get(path, { filter, ...(pageToken && { pageToken }) });
    actions.push(...body.securityActions);
    pageToken = body.nextPageToken ?? "";
  } while (pageToken !== "");
  return actions;
}

function printAction({ body, etag }: { readonly body: Body; readonly etag: string | undefined }, { json }: ApiOptions): Promise<void> {
  const { warnings: _warnings, ...told } = body;
  warn(body);
  const rows = Object.entries(told).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  return printFound(json, { json: { securityAction: body, etag }, text: () => printTable([...rows, ["etag", etag ?? "-"]]) });
}

/** Beside what is printed, so that it is seen by who pipes that on too. */
function warn({ name, warnings = [] }: Body): void {
  const id = String(name).split("/").at(-1);
  for (const { code, message } of warnings) process.stderr.write(`${printable(`warning: ${id}: ${message} [${code}]`)}\n`);
}

function printActions(actions: readonly Body[]): string {
  const rows = actions.map((action) => [
    String(action.name).split("/").at(-1) ?? "",
    action.state.toLowerCase(),
    effectOf(action),
    shortJson(action.conditionConfig),
    expiryOf(action),
    action.description ?? "",
  ]);
  return printTable([["id", "state", "effect", "conditions", "expires", "description"], ...rows]);
}

function expiryOf({ expireTime }: Body): string {
  if (expireTime === undefined) return "never";
  return Date.parse(expireTime) <= Date.now() ? `${expireTime} (over)` : expireTime;
}

function effectOf({ allow, deny, isObserved }: Body): string {
  const effect = deny ? `deny ${deny.responseCode}` : allow ? "allow" : "flag";
  return isObserved === true ? `${effect} (observed)` : effect;
}
