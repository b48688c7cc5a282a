import { writeFileSync } from "node:fs";
import { connect, type NetConnectOpts } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openTestGateway, snapshotOf, type TestGateway } from "../packages/gateway/test/rig/gateway.ts";
import { parseResponse, wire } from "../packages/gateway/test/rig/wire.ts";
import { debianPython } from "./apps/python.ts";
import { repositoryPath } from "./process/repository.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { type Started, start } from "./process/started.ts";
import { requires } from "./requirement.ts";

/** What an attacker writes. */
const CLAIM = "6.6.6.6";

/** Fields of ours, and one that the gateway only takes away, each in spellings that a service of CGI or WSGI may take for it. */
const names = ["X-Forwarded-For", "X-Real-IP", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "True-Client-IP"];
const spellings = names.flatMap((name) => [
  name,
  name.toUpperCase(),
  name.toLowerCase(),
  name.replaceAll("-", "_"),
  name.replaceAll("-", "."),
  name.replace("-", "_"),
  name.toLowerCase().replace("-", "."),
]);
const claims = [...new Set(spellings)].map((name) => `${name}: ${CLAIM}`);

type Service = { readonly process: Started; readonly place: NetConnectOpts; readonly target: object };
type Kind = {
  readonly name: "gunicorn" | "lighttpd";
  readonly says: string;
  open(scratch: Scratch): Promise<Service>;
  /** Its variables, by their names. */
  read(body: string): Readonly<Record<string, string>>;
};

const gunicorn: Kind = {
  name: "gunicorn",
  says: "gunicorn by WSGI",
  async open() {
    const options = ["--pythonpath", repositoryPath("test/apps"), "--bind", "127.0.0.1:0", "merged_names:wsgi"];
    const process = start([debianPython(), "-m", "gunicorn", ...options], { env: { PYTHONDONTWRITEBYTECODE: "1" } });
    const port = Number(await process.ready("listens", () => /Listening at: http:\/\/\S+:(\d+) /.exec(process.stderr())?.[1]));
    return { process, place: { host: "127.0.0.1", port }, target: { url: `http://127.0.0.1:${port}` } };
  },
  read: (body) => JSON.parse(body),
};

const lighttpd: Kind = {
  name: "lighttpd",
  says: "lighttpd by CGI",
  async open(scratch) {
    const path = scratch.file("lighttpd.sock");
    writeFileSync(scratch.file("names.sh"), "printf 'Content-Type: text/plain\\r\\n\\r\\n'; exec env\n");
    const config = [
      `server.document-root = "${scratch.folder}"`,
      `server.bind = "${path}"`,
      `server.modules = ( "mod_cgi" )`,
      `cgi.assign = ( ".sh" => "/bin/sh" )`,
    ];
    writeFileSync(scratch.file("lighttpd.conf"), `${config.join("\n")}\n`);
    const process = start(["lighttpd", "-D", "-f", scratch.file("lighttpd.conf")]);
    await process.ready("answers", async () => (await askAt({ path }, []).catch(() => "")) !== "");
    return { process, place: { path }, target: { url: "http://lighttpd.internal", socketPath: path } };
  },
  read: (body) => Object.fromEntries(body.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2))),
};

/** The body of the answer to a request with these lines. */
function askAt(place: NetConnectOpts, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(place, () => socket.write(wire("GET /names.sh HTTP/1.0", "Host: a", ...lines)));
    socket.setEncoding("latin1").on("data", (part) => (text += part));
    socket.once("error", reject).once("close", () => resolve(parseResponse(text.replace("HTTP/1.0", "HTTP/1.1")).body));
  });
}

describe.each([gunicorn, lighttpd])("$says", ({ name, open, read }) => {
  const machine = requires(name);
  beforeEach(machine.check);

  let scratch: Scratch;
  let service: Service;
  let gateway: TestGateway;
  beforeAll(async () => {
    if (!machine.isMet) return;
    scratch = await openScratch();
    service = await open(scratch);
    gateway = await openTestGateway(snapshotOf([{ targets: [service.target] }], { policy: { peerAddressAlgorithm: {} } }));
  });
  afterAll(async () => {
    await gateway?.close();
    await service?.process.stop();
    await scratch?.remove();
  });

  test("asked without the gateway, it takes another spelling for the header", async () => {
    const variables = read(await askAt(service.place, ["X-Forwarded-For: 203.0.113.7", `X_Forwarded_For: ${CLAIM}`]));
    expect(variables["HTTP_X_FORWARDED_FOR"]).toContain(CLAIM);
  });

  test("through the gateway each variable is the gateway's, whatever a client has written", async () => {
    const body = await askAt({ host: "127.0.0.1", port: gateway.port }, claims);
    expect(body).not.toContain(CLAIM);
    expect(read(body)).toMatchObject({
      HTTP_X_FORWARDED_FOR: "127.0.0.1",
      HTTP_X_REAL_IP: "127.0.0.1",
      HTTP_X_FORWARDED_PROTO: "http",
      HTTP_X_FORWARDED_HOST: "a",
      HTTP_FORWARDED: "for=127.0.0.1;host=a;proto=http",
    });
    expect(read(body)).not.toHaveProperty("HTTP_TRUE_CLIENT_IP");
  });
});
