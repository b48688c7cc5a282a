import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clientOf, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { debianPython } from "./apps/python.ts";
import { repositoryPath } from "./process/repository.ts";
import { type Started, start } from "./process/started.ts";
import { requires } from "./requirement.ts";

const PEER = "127.0.0.2";
const STRANGER = "127.0.0.3";
const CLAIM = "192.0.2.123";
const PREAMBLED = "198.51.100.9";

const uvicorn = "-k uvicorn.workers.UvicornWorker";
const services: readonly { readonly says: string; readonly app: "wsgi" | "asgi"; readonly line: string; readonly conf?: string }[] = [
  { says: "its own worker believes no header", app: "wsgi", line: "--forwarded-allow-ips='*'" },
  {
    says: "PROXY protocol, from one address in the file",
    app: "wsgi",
    line: "",
    conf: `proxy_protocol = True\nproxy_allow_ips = "${PEER}"\n`,
  },
  {
    says: "the line comes before the file",
    app: "wsgi",
    line: "--proxy-protocol --proxy-allow-from='*'",
    conf: `proxy_allow_ips = "${STRANGER}"\n`,
  },
  {
    says: "a worker of uvicorn, with the file's list",
    app: "asgi",
    line: uvicorn,
    conf: `forwarded_allow_ips = ("${PEER},"\n  "10.0.0.1")\n`,
  },
  { says: "a worker of uvicorn that trusts everybody", app: "asgi", line: `${uvicorn} --forwarded-allow-ips='*'` },
];

type Running = { readonly process: Started; readonly port: number };

const machine = requires("gunicorn");
beforeEach(machine.check);
let folder: string;
let running: readonly Running[] = [];
beforeAll(async () => {
  if (!machine.isMet) return;
  folder = mkdtempSync(join(tmpdir(), "wherefrom-gunicorn-"));
  running = await Promise.all(services.map((_, index) => startGunicorn(index)));
});
afterAll(async () => {
  await Promise.all(running.map(({ process }) => process.stop()));
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

/** The command line of a service, as a unit would have it. */
function lineOf(index: number): string {
  const { app, line, conf } = services[index] ?? { app: "wsgi", line: "" };
  return `gunicorn ${conf === undefined ? "" : `-c ${index}.py `}--bind 127.0.0.1:0 ${line} client_of_request:${app}`;
}

async function startGunicorn(index: number): Promise<Running> {
  const { conf } = services[index] ?? {};
  if (conf !== undefined) writeFileSync(join(folder, `${index}.py`), conf);
  // the shell takes the quotes of the line away
  const command = lineOf(index).replace(
    "gunicorn ",
    `cd ${folder} && exec ${debianPython()} -m gunicorn --pythonpath ${repositoryPath("test/apps")} `,
  );
  const process = start(["/bin/sh", "-c", command], { env: { PYTHONDONTWRITEBYTECODE: "1" } });
  const port = await process.ready("listens", () => /Listening at: http:\/\/\S+:(\d+) /.exec(process.stderr())?.[1]);
  return { process, port: Number(port) };
}

/** The body of the answer to raw bytes. */
function answerTo(port: number, { from, bytes }: { readonly from: string; readonly bytes: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    connect({ port, host: "127.0.0.1", localAddress: from }, function (this: ReturnType<typeof connect>) {
      this.write(bytes);
    })
      .setEncoding("utf8")
      .on("data", (part) => (text += part))
      .once("error", reject)
      .once("close", () => resolve(text.split("\r\n\r\n")[1] ?? ""));
  });
}

const requests = [
  { from: STRANGER, preamble: undefined },
  { from: PEER, preamble: undefined },
  { from: PEER, preamble: PREAMBLED },
];

test.each(services.map((service, index) => ({ ...service, index })))("$says", async ({ index, conf }) => {
  const include = (name: string): ReturnType<NonNullable<NonNullable<Parameters<typeof readConfig>[1]>["include"]>> =>
    name === `${index}.py` ? { files: [{ name, text: conf ?? "" }], skipped: [] } : { files: [], skipped: [{ name, why: "not-there" }] };
  const { passages, issues } = readConfig({ name: "app.service", text: `ExecStart=/usr/bin/${lineOf(index)}\n` }, { include });
  expect(issues).toEqual([]);
  const [passage] = passages;
  if (passage?.kind !== "service") throw new Error("No service was read");
  const { port } = running[index] ?? { port: 0 };
  for (const { from, preamble } of requests) {
    if (preamble !== undefined && passage.preambleIn === undefined) continue;
    const line = preamble === undefined ? "" : `PROXY TCP4 ${preamble} 127.0.0.1 5000 80\r\n`;
    const bytes = `${line}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.7, ${CLAIM}\r\n\r\n`;
    const predicted = clientOf(passage.client, {
      peer: from,
      ...(preamble !== undefined && { preamble }),
      fields: [["X-Forwarded-For", `203.0.113.7, ${CLAIM}`]],
    });
    expect(await answerTo(port, { from, bytes })).toBe(predicted);
  }
});
