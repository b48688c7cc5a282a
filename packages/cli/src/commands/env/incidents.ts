import type { Command } from "commander";
import type { Api, Body } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { type ApiOptions, addApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { CliError } from "../../errors.ts";
import { parseCount, parseDuration, switchOption, valueOption } from "../../option-values.ts";
import { printTable } from "../../table.ts";

const EXAMPLES = `
Examples:
  $ wherefrom env incidents list prod
  $ wherefrom env incidents show prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11
  $ wherefrom env incidents ban prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11 --ttl 1h

An incident is a client that looks like an abuser, or an address that many people share. Nobody is denied by it.`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom env incidents list prod
  $ wherefrom env incidents list prod --filter 'state = OPEN AND detectionTypes:"Flooder"'
  $ wherefrom env incidents list prod --json | jq '.securityIncidents[].client'`;

const SHOW_EXAMPLES = `
Examples:
  $ wherefrom env incidents show prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11
  $ wherefrom env incidents show prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11 --json | jq .securityIncident.evidence`;

const BAN_EXAMPLES = `
Examples:
  $ wherefrom env incidents ban prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11 --reason 'A flood'
  $ wherefrom env incidents ban prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11 --ttl 6h --response-code 429
  $ wherefrom env incidents ban prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11 --observe     # only count what it would deny

It makes a security action; wherefrom action shows and ends it. An address that many people share is refused.`;

/** What becomes of an incident's state. */
const STATES = {
  acknowledge: { state: "ACKNOWLEDGED", description: "Say that somebody looks after an incident" },
  close: { state: "CLOSED", description: "Close an incident" },
  reopen: { state: "OPEN", description: "Open an incident again" },
} as const;
type StateVerb = keyof typeof STATES;

type ListOptions = ApiOptions & { readonly filter?: string };
type BanOptions = ApiOptions & { readonly ttl?: number; readonly responseCode?: number; readonly observe?: boolean };

/** Adds `wherefrom env incidents`: clients of an environment that look like abusers. */
export function addIncidentsCommand(env: Command): void {
  const incidents = env.command("incidents").description("Show and ban clients that look like abusers").addHelpText("after", EXAMPLES);
  const add = (
    name: string,
    { description, examples, isWriting = false }: { description: string; examples: string; isWriting?: boolean },
  ) => addApiOptions(incidents.command(name).description(description), isWriting).addHelpText("after", examples);
  const addOne = (name: string, texts: { description: string; examples: string; isWriting?: boolean }) =>
    add(name, texts)
      .argument("[name-or-id]", "the environment; or the incident, when the environment is known")
      .argument("[id]", "the incident");
  add("list", { description: "List the incidents, newest first", examples: LIST_EXAMPLES })
    .argument("[name]", "the environment")
    .addOption(valueOption("--filter <text>", "by state, observability and detectionTypes", "WHEREFROM_FILTER"))
    .action(listIncidents);
  addOne("show", { description: "Show an incident", examples: SHOW_EXAMPLES }).action(showIncident);
  for (const [verb, { description }] of Object.entries(STATES)) {
    const examples = `\nExamples:\n  $ wherefrom env incidents ${verb} prod 5f0c9a9e-3c0f-4c55-9d2c-0f5b7d0c3a11 --reason 'A load test'`;
    addOne(verb, { description, examples, isWriting: true }).action((first, second, options) =>
      setState(verb as StateVerb, { first, second, options }),
    );
  }
  addOne("ban", { description: "Deny the client of an incident for a time", examples: BAN_EXAMPLES, isWriting: true })
    .addOption(valueOption("--ttl <duration>", "how long: 30m, 6h, 7d; an hour when not given", "WHEREFROM_TTL").argParser(parseDuration))
    .addOption(valueOption("--response-code <status>", "the answer, 400 to 599", "WHEREFROM_RESPONSE_CODE").argParser(parseCount))
    .addOption(switchOption("--observe", "deny nobody, and count what it would deny", "WHEREFROM_OBSERVE"))
    .action(banClient);
}

async function listIncidents(argument: string | undefined, options: ListOptions): Promise<void> {
  const { api, environment } = openTarget(options);
  const path = `/environments/${encodeURIComponent(environmentOf(argument, environment))}/securityIncidents`;
  const securityIncidents = await readIncidents(api, { path, filter: options.filter ?? "" });
  await printFound(options.json, { json: { securityIncidents }, text: () => printIncidents(securityIncidents) });
}

/** All pages. */
async function readIncidents(api: Api, { path, filter }: { path: string; filter: string }): Promise<readonly Body[]> {
  const incidents: Body[] = [];
  let pageToken = "";
  do {
    const { body } = await api.get(path, { filter, ...(pageToken && { pageToken }) });
    incidents.push(...body.securityIncidents);
    pageToken = body.nextPageToken ?? "";
  } while (pageToken !== "");
  return incidents;
}

async function showIncident(first: string | undefined, second: string | undefined, options: ApiOptions): Promise<void> {
  const { api, path } = openIncident({ first, second, options });
  const { body } = await api.get(path);
  await printFound(options.json, { json: { securityIncident: body }, text: () => printIncident(body) });
}

async function setState(verb: StateVerb, { options, ...named }: Named): Promise<void> {
  const { api, path } = openIncident({ options, ...named });
  const { body } = await api.send("PATCH", path, { body: { state: STATES[verb].state } });
  await printFound(options.json, { json: { securityIncident: body }, text: () => printIncident(body) });
}

async function banClient(first: string | undefined, second: string | undefined, options: BanOptions): Promise<void> {
  const { api, path } = openIncident({ first, second, options });
  const { ttl, responseCode, observe } = options;
  const asked = {
    ...(ttl !== undefined && { ttl: `${ttl / 1_000}s` }),
    ...(responseCode !== undefined && { deny: { responseCode } }),
    ...(observe === true && { isObserved: true }),
  };
  const { body, etag } = await api.send("POST", `${path}:createSecurityAction`, { body: asked });
  const text = (): string => {
    const what = body.isObserved === true ? "would be denied" : "is denied";
    const { conditionConfig, deny, expireTime, name } = body;
    return `${conditionConfig.ipAddressRanges[0]} ${what} with ${deny.responseCode} until ${shownTime(expireTime)}, by ${idOf(name)}`;
  };
  await printFound(options.json, { json: { securityAction: body, etag }, text: () => printTable([[text()]]) });
}

type Named = { readonly first: string | undefined; readonly second: string | undefined; readonly options: ApiOptions };

/** One argument alone is the incident. */
function openIncident({ first, second, options }: Named): { readonly api: Api; readonly path: string } {
  const [name, id] = second === undefined ? [undefined, first] : [first, second];
  if (id === undefined) throw new CliError("USAGE_OPTION_MISSING", "Give the id of an incident: see wherefrom env incidents list");
  const { api, environment } = openTarget(options);
  const place = encodeURIComponent(environmentOf(name, environment));
  return { api, path: `/environments/${place}/securityIncidents/${encodeURIComponent(id)}` };
}

function printIncidents(incidents: readonly Body[]): string {
  if (incidents.length === 0) return "No incidents";
  const rows = incidents.map(({ name, state, client, detectionTypes, sharedAddress, riskLevel, trafficCount, lastDetectedTime }) => [
    idOf(name),
    state.toLowerCase(),
    client,
    sharedAddress === true ? "shared address" : detectionTypes.join(", "),
    riskLevel.toLowerCase(),
    trafficCount,
    shownTime(lastDetectedTime),
  ]);
  return printTable([["id", "state", "client", "what", "risk", "requests", "seen last"], ...rows]);
}

function printIncident(incident: Body): string {
  const { evidence, detectionTypes, sharedAddress } = incident;
  const rows = [
    ["id", idOf(incident.name)],
    ["client", incident.client],
    ["rule", detectionTypes.join(", ")],
    ["shared address", sharedAddress === true ? "yes: a deny would shut many people out" : "no"],
    ["state", incident.state.toLowerCase()],
    ["risk", incident.riskLevel.toLowerCase()],
    ["seen first", shownTime(incident.firstDetectedTime)],
    ["seen last", shownTime(incident.lastDetectedTime)],
    ["security action", incident.securityAction === undefined ? "-" : idOf(incident.securityAction)],
    ["window", `${evidence.windowMinutes} minutes, ${evidence.clients} clients`],
    ["amount", `${shownNumber(evidence.amount)}, suspect from ${shownNumber(evidence.amountBound)}`],
    ["share", `${percent(evidence.share)}, suspect from ${percent(evidence.shareBound)}`],
    ...Object.entries<number>(evidence.counts).map(([name, count]) => [name, shownNumber(count)]),
  ];
  return printTable(rows);
}

function idOf(name: unknown): string {
  return String(name).split("/").at(-1) ?? "";
}

function shownTime(time: string): string {
  return `${time.slice(0, 19).replace("T", " ")} UTC`;
}

function shownNumber(number: number): string {
  return String(Math.round(number));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
