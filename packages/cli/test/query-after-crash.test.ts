import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type RunningCommand, startCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const ENVIRONMENTS = "/v1/organizations/local/environments";
const LINES = [1, 2, 3].map((index) => ({
  ...{ time: Date.UTC(2026, 10, 25, index), organization: "local", environment: "demo", gateway: "edge-1", revision: 1 },
  ...{ method: "GET", path: "/", api: "books", isComplete: true, durationMs: 1, requestBytes: 0, responseBytes: 0 },
}));
const QUERY = {
  metrics: [{ name: "message_count" }],
  dimensions: ["apiproxy"],
  timeRange: { start: "2026-11-25T00:00:00Z", end: "2026-11-26T00:00:00Z" },
};

type Started = {
  readonly command: RunningCommand;
  /** Of the process that holds the events. */
  readonly holder: number;
  ask(path: string, body?: unknown): Promise<Response>;
};

async function startControl(folder: string): Promise<Started> {
  const databases = ["--database", `sqlite:${join(folder, "control.db")}`, "--analytics", `duckdb:${join(folder, "events.duckdb")}`];
  const command = startCommand(["control", "--port", "0", "--auth", "off", "--json", ...databases]);
  onTestFinished(() => void command.child.kill("SIGKILL"));
  const [line] = await command.says(/^\{.*\}$/m);
  const { api } = JSON.parse(line) as { readonly api: string };
  const { pid } = command.child;
  const [holder] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  const ask = (path: string, body?: unknown): Promise<Response> => {
    const isLines = typeof body === "string";
    const headers = { "content-type": isLines ? "application/x-ndjson" : "application/json" };
    const sent = { method: "POST", headers, body: isLines ? body : JSON.stringify(body) };
    return fetch(`${api}${ENVIRONMENTS}${path}`, body === undefined ? {} : sent);
  };
  return { command, holder: Number(holder), ask };
}

async function untilIn(states: readonly string[], look: () => Promise<Response>): Promise<string> {
  for (;;) {
    const { state } = (await (await look()).json()) as { readonly state: string };
    if (states.includes(state)) return state;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function endHolder(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

test.runIf(process.platform === "linux")("a query that is run when control is killed is completed when control is back", async () => {
  const folder = folderOf({});
  const first = await startControl(folder);
  expect((await first.ask("", { name: "demo" })).status).toBe(200);
  const lines = `${LINES.map((event) => JSON.stringify(event)).join("\n")}\n`;
  const delivered = await first.ask("/demo/gateways/edge-1:deliverEvents?batchId=001764000000000-0a1b2c3d-00000001-3", lines);
  expect(await delivered.json()).toEqual({});
  // so that it takes as long as it takes to kill control
  process.kill(first.holder, "SIGSTOP");
  onTestFinished(() => endHolder(first.holder));
  const { self } = (await (await first.ask("/demo/queries", QUERY)).json()) as { readonly self: string };
  const path = self.slice(self.indexOf("/demo/queries/"));
  await untilIn(["running"], () => first.ask(path));
  const gone = once(first.command.child, "exit");
  first.command.child.kill("SIGKILL");
  await gone;
  // it goes on for as long as it takes to see that control is gone
  process.kill(first.holder, "SIGCONT");
  const second = await startControl(folder);
  expect(await untilIn(["completed", "failed"], () => second.ask(path))).toBe("completed");
  expect(await (await second.ask(`${path}/result`)).text()).toBe('{"apiproxy":"books","sum(message_count)":"3.0"}\n');
});
