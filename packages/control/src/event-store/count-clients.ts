import type { EnvironmentKey } from "../config-store/port.ts";
import type { ActivityQuestion, CountedClients } from "./activity.ts";
import { ADDRESS_FORMS } from "./address-keeper.ts";
import type { ReadAddress, RunStatement } from "./answer.ts";
import { rangeSql, WEIGHT, wholeNumber } from "./compile.ts";
import type { SqlWriter } from "./sql.ts";
import { clientText } from "./stored-address.ts";

/** As `CLIENT_DENIED` of the gateway: it answered by itself because of a security action. */
const IS_DENIED = "coalesce(fault, '') = 'CLIENT_DENIED'";
const IS_CLIENT_ERROR = `(coalesce(status, 0) >= 400 AND coalesce(status, 0) < 500 AND NOT ${IS_DENIED})`;
const IS_FORBIDDEN = `(coalesce(status, 0) = 403 AND NOT ${IS_DENIED})`;
const ENDING = /^[a-z0-9]+$/i;

type Counting = { readonly key: EnvironmentKey; readonly question: ActivityQuestion; readonly readAddress: ReadAddress };

/** Counts what clients did, by three statements: over all events, over those of each client, and over those of each client and user agent. */
export async function countClients(run: RunStatement, { key, question, readAddress }: Counting): Promise<CountedClients> {
  const [all] = await run(
    (writer) => `SELECT coalesce(sum(${WEIGHT}), 0) FROM events WHERE ${rangeSql(writer, key, question).join(" AND ")}`,
  );
  const requests = Number(all?.[0] ?? 0);
  if (requests === 0) return { requests, clients: [], isWhole: true };
  const counted = await run((writer) => clientsSql(writer, key, question));
  const agents = await run((writer) => agentsSql(writer, key, question));
  const topOf = new Map(agents.map(([client, top]) => [String(client), Number(top)]));
  const clients = counted.slice(0, question.maxClients).map(([client, , ...counts]) => {
    const [own = 0, clientErrors = 0, forbidden = 0, staticRequests = 0, staticPaths = 0, userAgents = 0, activeParts = 0] =
      counts.map(Number);
    const topUserAgentRequests = topOf.get(String(client)) ?? 0;
    const asked = { requests: own, clientErrors, forbidden, staticRequests, staticPaths };
    return { client: clientText(readAddress(client)), ...asked, userAgents, topUserAgentRequests, activeParts };
  });
  return { requests, clients, isWhole: counted.length <= question.maxClients };
}

/** Those with most events first, and one more than wanted to see whether there are more. */
function clientsSql(writer: SqlWriter, key: EnvironmentKey, question: ActivityQuestion): string {
  const isStatic = isStaticSql(writer, question.staticEndings);
  const partMs = Math.ceil((question.until - question.from) / question.parts);
  const [from, length] = [question.from, partMs].map((value) => writer.value({ type: "number", value }));
  const selected = [
    `${writer.clientOf("resolved_ip")} AS c`,
    "count(*) AS n",
    `sum(${WEIGHT})`,
    weightOf(IS_CLIENT_ERROR),
    weightOf(IS_FORBIDDEN),
    weightOf(isStatic),
    `count(DISTINCT CASE WHEN ${isStatic} THEN path ELSE NULL END)`,
    "count(DISTINCT user_agent)",
    `count(DISTINCT time - (time - ${from}) % ${length})`,
  ];
  return `SELECT ${selected.join(", ")} FROM events WHERE ${ofClients(writer, key, question)} GROUP BY c ORDER BY n DESC, c ASC LIMIT ${wholeNumber(question.maxClients + 1)}`;
}

/** Of the same clients as `clientsSql`, as the order is the same. */
function agentsSql(writer: SqlWriter, key: EnvironmentKey, question: ActivityQuestion): string {
  const each = `SELECT ${writer.clientOf("resolved_ip")} AS c, user_agent, count(*) AS n, sum(${WEIGHT}) AS w FROM events WHERE ${ofClients(writer, key, question)} GROUP BY c, user_agent`;
  return `SELECT c, max(CASE WHEN user_agent IS NULL THEN 0 ELSE w END) FROM (${each}) AS agents GROUP BY c ORDER BY sum(n) DESC, c ASC LIMIT ${wholeNumber(question.maxClients)}`;
}

/** Truncated, an address is that of many; hashed, it is nobody's. */
function ofClients(writer: SqlWriter, key: EnvironmentKey, question: ActivityQuestion): string {
  const form = `address_form = ${ADDRESS_FORMS.indexOf("plain")}`;
  return [...rangeSql(writer, key, question), "trust = 'verified'", "resolved_ip IS NOT NULL", form].join(" AND ");
}

function weightOf(condition: string): string {
  return `sum(CASE WHEN ${condition} THEN ${WEIGHT} ELSE 0 END)`;
}

function isStaticSql(writer: SqlWriter, endings: readonly string[]): string {
  const wrong = endings.find((ending) => !ENDING.test(ending));
  if (wrong !== undefined) throw new Error(`Not an ending in a question: ${JSON.stringify(wrong)}`);
  if (endings.length === 0) return "1 = 0";
  return writer.matches("path", writer.value({ type: "text", value: `(?i).*\\.(?:${endings.join("|")})` }));
}
