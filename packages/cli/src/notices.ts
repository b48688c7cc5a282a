import type { ControlNotice } from "@wherefrom/control";
import type { Notice } from "@wherefrom/gateway";
import { printable } from "./output.ts";

/** Incidents of one notice that stand in its line. */
const MAX_TOLD = 10;

/** Writes a gateway's notices to standard error, one a line. `isQuiet` leaves out what is only news. */
export function gatewayNoticePrinter(isQuiet: boolean): (notice: Notice) => void {
  return ({ level, message, code }) => {
    if (level === "info" && isQuiet) return;
    print(`${level}: ${message} [${code}]`);
  };
}

/** Writes the notices of the management API to standard error, one a line. All of them are warnings. */
export function printControlNotice(notice: ControlNotice): void {
  switch (notice.kind) {
    case "store-availability":
      return print(
        notice.isAvailable
          ? `info: ${notice.of} of the database work again`
          : `warning: ${notice.of} of the database do not work: ${notice.why}`,
      );
    case "oidc-keys-unavailable":
      return print(`warning: the keys of the identity provider could not be had: ${messageOf(notice.error)}`);
    case "probe-asked":
      return print(`info: ${notice.by} asked for a probe of ${notice.target} in ${notice.environment}`);
    case "certificate-loaded":
      return print(`info: a new certificate of the API is in use until ${notice.notAfter.toISOString()}`);
    case "certificate-refused":
      return print(`warning: the new certificate of the API was not taken, the former goes on: ${messageOf(notice.error)}`);
    case "client-blocked":
      return print(
        `warning: ${notice.client} failed to authenticate at the API too often: for a while its tokens that are wrong are answered 429`,
      );
    case "internal-error":
      return print(`warning: the API failed on request ${notice.requestId}: ${messageOf(notice.error)}`);
    case "gateways-not-stored":
      return print(`warning: what gateways say of themselves cannot be stored now: ${messageOf(notice.error)}`);
    case "rollout-failed":
      return print(`warning: what is tried on some gateways could not be judged: ${messageOf(notice.error)}`);
    case "rollout-stopped":
    case "rollout-promoted": {
      const outcome = notice.kind === "rollout-stopped" ? "stopped, and what stood before is back" : "given to all gateways";
      return print(`info: revision ${notice.revision} of ${notice.organization}/${notice.environment} is ${outcome}: ${notice.why}`);
    }
    case "snapshot-refused":
      return print(
        `warning: gateway ${notice.gateway} refused revision ${notice.revision} of ${notice.environment}: ${JSON.stringify(notice.issues)}`,
      );
    case "ranges-refused":
      for (const { message } of notice.issues) print(`warning: ${notice.file} is not used: ${message}`);
      return;
    case "ranges-failed":
      return print(`warning: new ranges are not in force yet: ${messageOf(notice.error)}`);
    case "event-retention-failed":
      return print(`warning: events whose time is over are not deleted yet: ${messageOf(notice.error)}`);
    case "events-deleted-for-room":
      return print(
        `warning: ${notice.deleted} events up to ${new Date(notice.until).toISOString()} were deleted: all took ${notice.bytes} bytes, and ${notice.maxBytes} is what they may`,
      );
    case "misfit-began":
      return print(`warning: the policy of ${placeOf(notice)} does not fit its traffic: ${signsOf(notice)}`);
    case "misfit-ended":
      return print(
        `info: the policy of ${placeOf(notice)} fits its traffic again; it did not since ${new Date(notice.since).toISOString()}`,
      );
    case "fit-look-failed":
      return print(
        `warning: whether the policy of ${notice.organization}/${notice.environment} fits its traffic cannot be found out now: ${messageOf(notice.error)}`,
      );
    case "queries-not-run":
      return print(`warning: queries of events were not run: ${messageOf(notice.error)}`);
    case "abuse-not-judged":
      return print(`warning: clients of ${notice.environment ?? "all environments"} were not judged for abuse: ${messageOf(notice.error)}`);
    case "abuse-clients-left-out":
      return print(`warning: only the ${notice.maxClients} clients of ${notice.environment} with most requests were judged for abuse`);
    case "incidents-begun":
      return print(`info: incidents begun in ${notice.environment}: ${incidentsText(notice.incidents)}`);
    case "gateways-late":
      return print(`warning: ${notice.gateways.join(", ")} did not report revision ${notice.revision} of ${notice.environment} in time`);
  }
}

type Misfit = Extract<ControlNotice, { readonly kind: "misfit-began" | "misfit-ended" }>;

function placeOf({ organization, environment, revision }: Misfit): string {
  return `${organization}/${environment}, revision ${revision},`;
}

function signsOf({ findings, causes, undecided }: Misfit): string {
  const signs = findings.map(({ kind, share, reasons = {} }) => `${kind} ${percent(share)}${reasonsText(reasons)}`).join(", ");
  return causes.length === 0 ? signs : `${signs}; it may be ${causes.join(", ")}${undecided ? " (undecided)" : ""}`;
}

function reasonsText(reasons: Readonly<Record<string, number>>): string {
  const parts = Object.entries(reasons).map(([reason, share]) => `${reason} ${percent(share)}`);
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

type Incidents = Extract<ControlNotice, { kind: "incidents-begun" }>["incidents"];

function incidentsText(incidents: Incidents): string {
  const told = incidents.slice(0, MAX_TOLD).map(({ client, rule, isShared }) => `${client} ${isShared ? "(shared address)" : `(${rule})`}`);
  const more = incidents.length - told.length;
  return `${told.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function print(line: string): void {
  process.stderr.write(`${printable(line)}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
