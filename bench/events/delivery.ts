import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { maxEventBatchBytes, type TrafficEvent } from "@wherefrom/model";
import { statsTime } from "@wherefrom/model/stats-time";
import type { Program, Programs } from "../traffic/programs.ts";
import { FIRST_TIME, LAST_TIME } from "./make-events.ts";

/** Requests at the same time, from as many gateways. */
const AT_ONCE = 8;
/** What a gateway leaves free in a batch for one more event. */
const ROOM_BYTES = 65_536;

const ENVIRONMENT = "/v1/organizations/local/environments/bench";

/** A control in a process of its own, to which events are delivered as gateways do. */
export type Delivery = {
  /** Makes batches of lines ready; what it gives sends them, and resolves when they are stored. */
  prepare(events: readonly TrafficEvent[]): () => Promise<void>;
  /** How many events there are. */
  count(): Promise<number>;
  end(): Promise<void>;
};

type Batch = { readonly id: string; readonly body: Buffer };

/** With events in DuckDB. */
export async function openDelivery(programs: Programs): Promise<Delivery> {
  const folder = programs.folder();
  const file = fileURLToPath(new URL("../publish/control-node.js", import.meta.url));
  // the day of the events is long over
  const seed = { events: { retentionDays: 3_650 } };
  const told = { folder, originPort: 1, analytics: `duckdb:${folder}/events.duckdb`, seed };
  const program: Program = programs.start([process.execPath, file, JSON.stringify(told)], "any");
  const { url } = (await program.hears()) as { readonly url: string };
  let made = 0;
  return {
    prepare(events) {
      const batches = batchesOf(events, () => made++);
      return async () => {
        const left = batches.values();
        const send = async (): Promise<void> => {
          for (const batch of left) await deliver(`${url}${ENVIRONMENT}`, batch);
        };
        await Promise.all(Array.from({ length: AT_ONCE }, send));
      };
    },
    async count() {
      const query = new URLSearchParams({
        select: "sum(message_count)",
        timeRange: `${statsTime(FIRST_TIME)}~${statsTime(LAST_TIME)}`,
      });
      const text = await (await fetch(`${url}${ENVIRONMENT}/stats/-?${query}`)).text();
      return Number(/"values":\["([0-9]+)(?:\.0)?"\]/.exec(text.replaceAll(/\s/g, ""))?.[1]);
    },
    end: () => program.end(),
  };
}

/** As large as a gateway makes them. */
function batchesOf(events: readonly TrafficEvent[], number: () => number): readonly Batch[] {
  const batches: Batch[] = [];
  let lines: string[] = [];
  let bytes = 0;
  const close = (): void => {
    if (lines.length === 0) return;
    const id = `${String(FIRST_TIME).padStart(15, "0")}-0a1b2c3d-${String(number()).padStart(8, "0")}-${lines.length}`;
    batches.push({ id, body: Buffer.from(lines.join("")) });
    [lines, bytes] = [[], 0];
  };
  for (const event of events) {
    const line = lineOf(event);
    lines.push(line);
    bytes += line.length;
    if (bytes + ROOM_BYTES > maxEventBatchBytes) close();
  }
  close();
  return batches;
}

/** A gateway leaves out what follows from the evidence. */
function lineOf({ clientIp, proxyClientIp, xForwardedFor, xForwardedProto, ...event }: TrafficEvent): string {
  return `${JSON.stringify(event)}\n`;
}

/** Each over a connection of its own: one that was kept may be closed by the time that it is used again. */
function deliver(environment: string, batch: Batch): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-ndjson", "content-length": batch.body.length };
    const asked = request(
      `${environment}/gateways/bench:deliverEvents?batchId=${batch.id}`,
      { method: "POST", agent: false, headers },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        answer.once("end", () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`Control answered ${answer.statusCode} ${text}`)),
        );
      },
    );
    asked.once("error", reject).end(batch.body);
  });
}
