import type { DebugResult, DebugTransaction } from "@wherefrom/model";
import { escapeText } from "wherefrom";
import { JSON_VERSION } from "../../api/print.ts";
import { openOutput, printableJson } from "../../output.ts";
import { printTable } from "../../table.ts";

type Recorded = { readonly id: string; readonly gateway: string; readonly transaction: DebugTransaction };

/** Longest event that is read, in UTF-16 units: a gateway hands over no larger request. */
const MAX_EVENT_LENGTH = 16_777_216;
const HEADING = ["request", "gateway", "asked for", "status", "client", "trust", "why"] as const;

/** Recorded requests as rows: who was it, and why. */
export function printRecorded(transactions: readonly Recorded[]): string {
  return printTable([HEADING, ...transactions.map(rowOf)]);
}

/** Writes each recorded request as it comes, a line each, until the stream ends or nobody reads any more. */
export async function followRecorded(stream: AsyncIterable<Uint8Array>, { isJson }: { readonly isJson: boolean }): Promise<void> {
  // loaded here: no other command of this group needs a gateway
  const { readEvents } = await import("@wherefrom/gateway");
  const output = openOutput(process.stdout);
  if (!isJson) await output.write(`${printTable([HEADING])}\n`);
  for await (const { data } of readEvents(stream, MAX_EVENT_LENGTH)) {
    const recorded = JSON.parse(data) as Recorded;
    await output.write(`${isJson ? printableJson({ version: JSON_VERSION, ...recorded }) : printTable([rowOf(recorded)])}\n`);
    if (output.isClosed()) break;
  }
  await output.finish();
}

/** All of one request, a fact a row, in the order in which it happened. */
export function printTransaction({ point }: DebugTransaction): string {
  return printTable(
    point.flatMap(({ id, results }) => results.flatMap(factsOf).map((fact) => [id, ...fact].map((text) => escapeText(text)))),
  );
}

function rowOf({ id, gateway, transaction }: Recorded): readonly string[] {
  const results = transaction.point.flatMap((point) => point.results);
  const variable = (name: string): string => propertyOf(results, `client_ip_resolution.${name}`) ?? "-";
  const request = results.find(({ ActionResult }) => ActionResult === "RequestMessage");
  const response = results.findLast(({ ActionResult }) => ActionResult === "ResponseMessage");
  const asked = `${request?.verb ?? ""} ${request?.uRI ?? ""}`;
  return [id, gateway, asked, response?.statusCode || "-", variable("resolved.ip"), variable("trust"), variable("reason")].map((text) =>
    escapeText(text),
  );
}

function propertyOf(results: readonly DebugResult[], name: string): string | undefined {
  return results.flatMap(({ properties }) => properties?.property ?? []).find((property) => property.name === name)?.value;
}

function factsOf({ ActionResult, properties, headers, verb, uRI, statusCode, content }: DebugResult): readonly (readonly string[])[] {
  const told = properties?.property?.map(({ name, value }) => [name, value]) ?? [];
  const line = [verb, uRI, statusCode, content].filter((part) => part !== undefined && part !== "").join(" ");
  const fields = headers?.map(({ name, value }) => [`header ${name}`, value]) ?? [];
  return [...(line === "" ? [] : [[ActionResult, line]]), ...told, ...fields];
}
