import { type Grant, ROLES, type Role, type Token } from "@wherefrom/model";
import { type Command, InvalidArgumentError } from "commander";
import type { Api } from "../api/client.ts";
import { minuteOf, printFound } from "../api/print.ts";
import { type ApiOptions, addApiOptions, openTarget } from "../api/target.ts";
import { CliError } from "../errors.ts";
import { parseDays, switchOption, valueOption } from "../option-values.ts";
import { printable } from "../output.ts";
import { writePrivateFile } from "../private-file.ts";
import { printTable } from "../table.ts";

const EXAMPLES = `
Examples:
  $ wherefrom token create ci --grant operator:prod,test --output ci.token
  $ wherefrom token create edge --grant gateway:prod --output gateway.key
  $ wherefrom token list
  $ wherefrom token revoke ci`;

const CREATE_EXAMPLES = `
Examples:
  $ wherefrom token create ci --grant operator:prod,test --grant viewer --expires-in-days 30 --output ci.token
  $ wherefrom token create edge --grant gateway:prod --output gateway.key     # for wherefrom gateway --control-token-file
  $ wherefrom token create root --grant admin --every-organization

A viewer reads and tries policies out. An operator changes what environments do. An admin decides what there is, and who may come in. A
gateway reads snapshots and reports, and nothing else. Without environments a role is for the whole organization. Without --output the
token is printed, this once.`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom token list
  $ wherefrom token list --json | jq '.tokens[] | select(.lastUsedAt == null)'`;

const REVOKE_EXAMPLES = `
Examples:
  $ wherefrom token revoke ci
  $ wherefrom token revoke 0123456789abcdef

It ends at once: the next request with it is refused, and its event streams end before their next event.`;

const DEFAULT_DAYS = 90;
const DAY_MS = 86_400_000;

type CreateOptions = ApiOptions & { readonly grant?: readonly Grant[]; readonly expiresInDays?: number; readonly output?: string };

/** Adds `wherefrom token`: who may ask the API. */
export function addTokenCommand(program: Command): void {
  const token = program.command("token").description("Make, list and revoke tokens of the management API").addHelpText("after", EXAMPLES);
  const add = (
    name: string,
    { description, examples, isWriting }: { description: string; examples: string; isWriting: boolean },
  ): Command =>
    addApiOptions(token.command(name).description(description), isWriting)
      .addOption(switchOption("--every-organization", "a token for all organizations", "WHEREFROM_EVERY_ORGANIZATION"))
      .addHelpText("after", examples);
  add("create", { description: "Make a token", examples: CREATE_EXAMPLES, isWriting: true })
    .argument("<token>", "a name for it")
    .addOption(
      valueOption("--grant <role[:environments]>", "what it is for; repeatable", "WHEREFROM_GRANT").argParser(
        (text, previous: readonly Grant[] = []) => [...previous, parseGrant(text)],
      ),
    )
    .addOption(
      valueOption(
        "--expires-in-days <days>",
        `when it ends; 0: never. Default: ${DEFAULT_DAYS}, of a gateway's key: never`,
        "WHEREFROM_EXPIRES_IN_DAYS",
      ).argParser(parseDays),
    )
    .addOption(valueOption("--output <file>", "write it to this new file, for its owner alone to read", "WHEREFROM_OUTPUT"))
    .action(createToken);
  add("list", { description: "List the tokens, without what lets their holders in", examples: LIST_EXAMPLES, isWriting: false }).action(
    listTokens,
  );
  add("revoke", { description: "Revoke a token", examples: REVOKE_EXAMPLES, isWriting: true })
    .argument("<token>", "its name or its id")
    .action(revokeToken);
}

/** `operator`, or `operator:prod,test`. */
function parseGrant(text: string): Grant {
  const [word = "", names, ...more] = text.split(":");
  const role = ROLES.find((known): known is Role => known === word);
  const environments = names?.split(",").map((name) => name.trim());
  if (role !== undefined && more.length === 0) return { role, ...(environments && { environments }) };
  throw new InvalidArgumentError(`Expected ${ROLES.join(", ")}, alone or as ROLE:ENVIRONMENT,ENVIRONMENT.`);
}

async function createToken(name: string, options: CreateOptions): Promise<void> {
  const { grant: grants, output, json } = options;
  if (grants === undefined) throw new CliError("USAGE_OPTION_MISSING", "Give --grant ROLE or --grant ROLE:ENVIRONMENT,ENVIRONMENT");
  const isKey = grants.some(({ role }) => role === "gateway");
  const days = options.expiresInDays ?? (isKey ? 0 : DEFAULT_DAYS);
  const expiresAt = days === 0 ? {} : { expiresAt: String(Date.now() + days * DAY_MS) };
  const { body } = await openTarget(options).api.send("POST", "/tokens", { body: { name, grants, ...expiresAt } });
  const { token, ...rest } = body as Token & { token: string };
  if (output !== undefined) writePrivateFile(output, `${token}\n`);
  const shown = output === undefined ? [token] : [];
  await printFound(json, {
    json: { token: { ...rest, ...(output === undefined && { token }) } },
    text: () => [printTokens([rest]), ...shown].join("\n"),
  });
}

async function listTokens(options: ApiOptions): Promise<void> {
  const tokens = await readTokens(openTarget(options).api);
  await printFound(options.json, { json: { tokens }, text: () => printTokens(tokens) });
}

async function revokeToken(token: string, options: ApiOptions): Promise<void> {
  const api = openTarget(options).api;
  const found = (await readTokens(api)).find(({ name, tokenId }) => name === token || tokenId === token);
  // one that is not there is refused by the API, which says how
  await api.send("DELETE", `/tokens/${encodeURIComponent(found?.tokenId ?? token)}`, {});
  await printFound(options.json, { json: { revoked: found ?? {} }, text: () => printable(`Revoked ${token}`) });
}

async function readTokens(api: Api): Promise<readonly Token[]> {
  return (await api.get("/tokens")).body.tokens as readonly Token[];
}

function printTokens(tokens: readonly Token[]): string {
  const rows = tokens.map(({ tokenId = "", name, grants, expiresAt, lastUsedAt }) => [
    name,
    tokenId,
    grants.map(({ role, environments }) => (environments === undefined ? role : `${role}:${environments.join(",")}`)).join(" "),
    expiresAt === undefined ? "never" : minuteOf(expiresAt),
    lastUsedAt === undefined ? "never" : minuteOf(lastUsedAt),
  ]);
  return printTable([["token", "id", "grants", "expires", "last used"], ...rows]);
}
