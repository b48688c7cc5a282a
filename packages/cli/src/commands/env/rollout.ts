import { setTimeout as sleep } from "node:timers/promises";
import type { Body } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { exitCodes } from "../../errors.ts";
import { printTable } from "../../table.ts";
import { printEnvironment } from "./read.ts";

/** Pause between two looks with `--watch`. */
const LOOK_MS = 500;
const PERCENT_DIGITS = 2;

type RolloutOptions = ApiOptions & { readonly watch?: boolean };

/** Shows a rollout, with `--watch` each time that it looks otherwise until it is done. Returns 1 when it is not done. */
export async function showRollout(argument: string | undefined, options: RolloutOptions): Promise<number> {
  const { json, watch } = options;
  const { api, environment } = openTarget(options);
  const path = `/environments/${encodeURIComponent(environmentOf(argument, environment))}/rollout`;
  let shown = "";
  for (;;) {
    const { body } = await api.get(path);
    const text = progressOf(body);
    if (text !== shown) await printFound(json, { json: { rollout: body }, text: () => printRollout(body) });
    shown = text;
    if (body.done === true) return exitCodes.ok;
    if (watch !== true) return exitCodes.findings;
    await sleep(LOOK_MS);
  }
}

type EndOptions = ApiOptions & { readonly ifMatch?: string };

/** Ends what is tried on some gateways: `promote` gives it to all, `abort` brings back what stood before. */
export async function endRollout(verb: "promote" | "abort", argument: string | undefined, options: EndOptions): Promise<void> {
  const { api, environment } = openTarget(options);
  const path = `/environments/${encodeURIComponent(environmentOf(argument, environment))}:${verb}`;
  const { body, etag } = await api.send("POST", path, { ifMatch: options.ifMatch });
  await printFound(options.json, { json: { environment: body, etag }, text: () => printEnvironment(body, etag) });
}

/** What of a rollout is worth another table: counts and times of reports rise all the time. */
function progressOf({ revision, state, stage, misfitSince, gateways }: Body): string {
  return JSON.stringify([
    revision,
    misfitSince,
    state,
    stage?.waitsFor,
    gateways.map((gateway: Body) => [gateway.name, gateway.state, gateway.servedRevision]),
  ]);
}

function printRollout({ name, revision, state, stage, misfitSince, gateways }: Body): string {
  const rows = gateways.map((gateway: Body) => [
    gateway.first === true ? `${gateway.name} (first)` : gateway.name,
    gateway.state.toLowerCase(),
    String(gateway.servedRevision ?? "-"),
    String(gateway.wantedRevision),
    String(gateway.requests ?? "-"),
    shownShare(gateway.fallbackShare),
    gateway.version ?? "-",
    shownTime(gateway.servedSince),
  ]);
  const head = ["gateway", "state", "runs", "wanted", "requests", "fallbacks", "version", "since"];
  const title = `Revision ${revision}: ${state.toLowerCase()}`;
  const lines = gateways.length === 0 ? ["No gateway has been heard of"] : [printTable([head, ...rows])];
  const misfit = `The policy does not fit its traffic since ${shownTime(misfitSince)}: wherefrom env fit ${String(name).split("/").at(-2)}`;
  return [
    title,
    ...(misfitSince === undefined ? [] : [misfit]),
    ...(stage === undefined ? [] : [printTable(stageRows(stage))]),
    ...lines,
  ].join("\n");
}

function stageRows(stage: Body): readonly (readonly string[])[] {
  return [
    ["tried by", stage.firstGateways.join(", ")],
    ["until", shownTime(stage.endTime)],
    ["requests", `${stage.requests} of at least ${stage.minRequests}`],
    [
      "fallbacks",
      `${shownShare(stage.fallbackShare)}, usual ${shownShare(stage.usualShare)}, at most ${shownShare(stage.maxFallbackRise)} more`,
    ],
    ["waits for", stage.waitsFor],
  ];
}

function shownShare(share: number | undefined): string {
  return share === undefined ? "-" : `${Number((share * 100).toFixed(PERCENT_DIGITS))} %`;
}

function shownTime(time: string | undefined): string {
  return time === undefined ? "-" : `${time.slice(0, 19).replace("T", " ")} UTC`;
}
