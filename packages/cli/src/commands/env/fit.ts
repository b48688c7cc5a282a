import type { Body } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { exitCodes } from "../../errors.ts";
import { printTable } from "../../table.ts";

const VERDICTS: Readonly<Record<string, string>> = {
  FITS: "nothing speaks against the policy",
  MISFITS: "the policy does not fit its traffic",
  UNKNOWN: "too few requests to say",
};

/** Shows whether an environment's policy fits its recent traffic. Returns 1 when it does not. */
export async function showFit(argument: string | undefined, options: ApiOptions): Promise<number> {
  const { api, environment } = openTarget(options);
  const { body } = await api.get(`/environments/${encodeURIComponent(environmentOf(argument, environment))}:fit`);
  await printFound(options.json, { json: { fit: body }, text: () => printFit(body) });
  return body.verdict === "MISFITS" ? exitCodes.findings : exitCodes.ok;
}

function printFit({ name, revisionId, verdict, findings, causes, undecided, ...fit }: Body): string {
  const { requests, rejected, privateResults, topAddressRequests } = fit;
  const row = (what: string, count: number): string[] => [what, String(count), requests === 0 ? "-" : percent(count / requests)];
  const rows = [
    row("requests", requests),
    ...Object.entries<number>(fit.fallbacks).map(([reason, count]) => row(`fallback: ${reason}`, count)),
    row("rejected", rejected),
    row("private result", privateResults),
    row("commonest address", topAddressRequests),
    ...Object.entries<number>(fit.hops).map(([hops, count]) => row(`X-Forwarded-For, hops: ${hops}`, count)),
  ];
  return [
    `${name} r${revisionId}, last 15 minutes: ${VERDICTS[verdict] ?? verdict}`,
    printTable(rows),
    ...findings.map(({ kind, share }: Body) => `finding: ${kind}, ${percent(share)} of the requests`),
    ...(causes.length === 0 ? [] : [`it may be: ${causes.join(", ")}${undecided === true ? " (undecided)" : ""}`]),
  ].join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
