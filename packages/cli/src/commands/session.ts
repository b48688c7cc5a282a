import type { Command } from "commander";
import type { Body } from "../api/client.ts";
import { minuteOf, printFound } from "../api/print.ts";
import { type ApiOptions, addApiOptions, openTarget } from "../api/target.ts";
import { CliError } from "../errors.ts";
import { switchOption, valueOption } from "../option-values.ts";
import { printable } from "../output.ts";
import { printTable } from "../table.ts";

const EXAMPLES = `
Examples:
  $ wherefrom session list
  $ wherefrom session revoke 0123456789abcdef --reason 'Left on a machine that was lost'`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom session list
  $ wherefrom session list --every-owner --json | jq '.sessions[].owner'
  $ wherefrom session list --owner oidc:alice

Without --owner it lists the sessions that began with the token that asks. Those of others take a token that is admin of all organizations.`;

const REVOKE_EXAMPLES = `
Examples:
  $ wherefrom session revoke 0123456789abcdef --reason 'Left on a machine that was lost'

It ends at once: the next request with its cookie is refused. All sessions of a token end with wherefrom token revoke.`;

type ListOptions = ApiOptions & { readonly owner?: string; readonly everyOwner?: boolean };

const PATH = "/v1/sessions";
const EVERY_OWNER = "-";

/** Adds `wherefrom session`: browsers that work with the management API. */
export function addSessionCommand(program: Command): void {
  const session = program.command("session").description("List and revoke sessions of browsers").addHelpText("after", EXAMPLES);
  addApiOptions(session.command("list").description("List sessions that are not over, the newest first"), false)
    .addOption(valueOption("--owner <owner>", "whose: token: and the id of a token, or oidc: and a subject", "WHEREFROM_SESSION_OWNER"))
    .addOption(switchOption("--every-owner", "everybody's", "WHEREFROM_EVERY_OWNER"))
    .addHelpText("after", LIST_EXAMPLES)
    .action(listSessions);
  addApiOptions(session.command("revoke").description("End a session"), true)
    .argument("<session>", "its id")
    .addHelpText("after", REVOKE_EXAMPLES)
    .action(revokeSession);
}

async function listSessions(options: ListOptions): Promise<void> {
  const { everyOwner, owner = everyOwner === true ? EVERY_OWNER : "" } = options;
  if (everyOwner === true && options.owner !== undefined)
    throw new CliError("USAGE_OPTION_CONFLICT", "Give either --owner or --every-owner, not both");
  const sessions = (await openTarget(options).api.get(PATH, { owner })).body.sessions as readonly Body[];
  await printFound(options.json, { json: { sessions }, text: () => printSessions(sessions) });
}

async function revokeSession(session: string, options: ApiOptions): Promise<void> {
  await openTarget(options).api.send("DELETE", `${PATH}/${encodeURIComponent(session)}`, {});
  await printFound(options.json, { json: { revoked: session }, text: () => printable(`Revoked ${session}`) });
}

function printSessions(sessions: readonly Body[]): string {
  const rows = sessions.map(({ sessionId, owner, createdAt, expiresAt, lastSeenAt }) => [
    sessionId,
    owner,
    minuteOf(createdAt),
    minuteOf(expiresAt),
    minuteOf(lastSeenAt),
  ]);
  return printTable([["id", "owner", "began", "expires", "last seen"], ...rows]);
}
