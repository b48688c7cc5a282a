import type { Command } from "commander";
import type { Api, Body } from "../api/client.ts";
import { minuteOf, printFound } from "../api/print.ts";
import { type ApiOptions, addApiOptions, environmentOf, openTarget } from "../api/target.ts";
import { CliError } from "../errors.ts";
import { parseCount, parseDuration, switchOption, valueOption } from "../option-values.ts";
import { printable } from "../output.ts";
import { printTable } from "../table.ts";
import { addMaskCommand } from "./debug/mask.ts";
import { followRecorded, printRecorded, printTransaction } from "./debug/recorded.ts";

const EXAMPLES = `
Examples:
  $ wherefrom debug start orders --environment prod --count 5 --reason 'Checkout is odd'
  $ wherefrom debug show orders SESSION --environment prod --follow
  $ wherefrom debug stop orders SESSION --environment prod

The environment may be left out when WHEREFROM_ENVIRONMENT or the profile has one.`;

const TEXTS = {
  start: `
Examples:
  $ wherefrom debug start orders --environment prod
  $ wherefrom debug start orders --environment prod --timeout 10m --filter 'request.verb = "POST"' --reason 'Checkout is odd'

It records the next requests of a route on every gateway, without bodies and secrets; history and audit log tell who looked and why.`,
  list: `
Examples:
  $ wherefrom debug list orders --environment prod`,
  show: `
Examples:
  $ wherefrom debug show orders SESSION --environment prod
  $ wherefrom debug show orders SESSION --environment prod --follow
  $ wherefrom debug show orders SESSION --environment prod --transaction ID

With --follow each request is shown as it comes, until the session is over; with --json as well, an object a line.`,
  stop: `
Examples:
  $ wherefrom debug stop orders SESSION --environment prod

What it has recorded stays for a day at most.`,
  forget: `
Examples:
  $ wherefrom debug forget orders SESSION --environment prod`,
} as const;

type DebugOptions = ApiOptions & { readonly environment?: string };
type StartOptions = DebugOptions & { readonly count?: number; readonly timeout?: number; readonly filter?: string };
type ShowOptions = DebugOptions & { readonly follow?: boolean; readonly transaction?: string };

const MS = 1_000;

/** Adds `wherefrom debug`: requests of a route as the gateways went through them. */
export function addDebugCommand(program: Command): void {
  const debug = program.command("debug").description("Record requests of a route, and look at them").addHelpText("after", EXAMPLES);
  const add = (name: keyof typeof TEXTS, description: string, { isWriting = false } = {}): Command =>
    addApiOptions(debug.command(name).description(description), isWriting)
      .argument("<route>", "name of the route")
      .addOption(valueOption("--environment <name>", "the environment", "WHEREFROM_ENVIRONMENT"))
      .addHelpText("after", TEXTS[name]);
  const addOfSession: typeof add = (...given) => add(...given).argument("<session>", "its id");
  add("start", "Record the next requests of a route", { isWriting: true })
    .addOption(valueOption("--count <count>", "how many, on each gateway process", "WHEREFROM_DEBUG_COUNT").argParser(parseCount))
    .addOption(valueOption("--timeout <duration>", "when it is over, such as 5m", "WHEREFROM_DEBUG_TIMEOUT").argParser(parseDuration))
    .addOption(valueOption("--filter <condition>", "which requests", "WHEREFROM_FILTER"))
    .action(start);
  add("list", "List debug sessions that are not over, the newest first").action(list);
  addOfSession("show", "Show what a debug session recorded")
    .addOption(switchOption("--follow", "go on until it is over", "WHEREFROM_FOLLOW"))
    .addOption(valueOption("--transaction <id>", "all of one request", "WHEREFROM_TRANSACTION"))
    .action(show);
  addOfSession("stop", "End a debug session", { isWriting: true }).action(stop);
  addOfSession("forget", "Delete what a debug session recorded", { isWriting: true }).action(forget);
  addMaskCommand(debug);
}

async function start(route: string, options: StartOptions): Promise<void> {
  const { api, path } = openRoute(route, options);
  const { count, filter, timeout } = options;
  const body = { count, filter, timeout: timeout === undefined ? undefined : String(Math.ceil(timeout / MS)) };
  const session = (await api.send("POST", path, { body })).body;
  const rows = Object.entries(session).map(([name, value]) => [name === "name" ? "session" : name, String(value)]);
  await printFound(options.json, { json: { session }, text: () => printTable(rows) });
}

async function list(route: string, options: DebugOptions): Promise<void> {
  const { api, path } = openRoute(route, options);
  const sessions: Body[] = [];
  for (let pageToken: string | undefined = ""; pageToken !== undefined; ) {
    const { body }: { body: Body } = await api.get(path, pageToken === "" ? {} : { pageToken });
    sessions.push(...body.sessions);
    pageToken = body.nextPageToken;
  }
  const rows = sessions.map(({ id, timestampMs }) => [id, minuteOf(timestampMs)]);
  await printFound(options.json, { json: { sessions }, text: () => printTable([["session", "began"], ...rows]) });
}

async function show(route: string, session: string, options: ShowOptions): Promise<void> {
  const { json, follow, transaction } = options;
  if (follow === true && transaction !== undefined)
    throw new CliError("USAGE_OPTION_CONFLICT", "Give either --follow or --transaction, not both");
  const { api, path } = openRoute(route, options);
  const data = `${path}/${encodeURIComponent(session)}/data`;
  if (follow === true) return followRecorded(await api.follow(data), { isJson: json === true });
  if (transaction === undefined) {
    const { transactions } = (await api.get(data)).body;
    return printFound(json, { json: { transactions }, text: () => printRecorded(transactions) });
  }
  const { body } = await api.get(`${data}/${encodeURIComponent(transaction)}`);
  return printFound(json, { json: { transaction: body }, text: () => printTransaction(body) });
}

async function stop(route: string, session: string, options: DebugOptions): Promise<void> {
  const { api, path } = openRoute(route, options);
  const { etag } = await api.send("DELETE", `${path}/${encodeURIComponent(session)}`, {});
  await printFound(options.json, { json: { stopped: session, etag }, text: () => printable(`Stopped ${session}`) });
}

async function forget(route: string, session: string, options: DebugOptions): Promise<void> {
  const { api, path } = openRoute(route, options);
  await api.send("DELETE", `${path}/${encodeURIComponent(session)}/data`, {});
  await printFound(options.json, { json: { forgotten: session }, text: () => printable(`Forgot what ${session} recorded`) });
}

/** A session belongs to a revision in Apigee's paths; any will do here. */
function openRoute(route: string, options: DebugOptions): { readonly api: Api; readonly path: string } {
  const { api, environment } = openTarget(options);
  const place = `/environments/${encodeURIComponent(environmentOf(options.environment, environment))}`;
  return { api, path: `${place}/apis/${encodeURIComponent(route)}/revisions/1/debugsessions` };
}
