import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeCertificate } from "../packages/gateway/test/rig/certificate.ts";
import { openTestGateway, snapshotOf, type TestGateway } from "../packages/gateway/test/rig/gateway.ts";
import { startCaddy } from "./apps/caddy.ts";
import { onFreePort, runNginx } from "./apps/nginx.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { requires } from "./requirement.ts";

// client -> gateway -> HTTP/2 -> nginx or Caddy -> HTTP/1.1 -> echo

/** Few, so that the server says goodbye again and again while requests are under way. */
const REQUESTS_PER_CONNECTION = 20;

const certificate = makeCertificate();

let echo: Server;
let scratch: Scratch;

beforeAll(async () => {
  echo = createServer((request, response) => {
    const digest = createHash("sha256");
    request.on("data", (chunk: Buffer) => void digest.update(chunk));
    request.on("end", () => response.end(`${request.method} ${request.url} ${digest.digest("hex")}`));
  });
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  scratch = await openScratch();
  await writeFile(scratch.file("cert.pem"), certificate.cert);
  await writeFile(scratch.file("key.pem"), certificate.key);
});
afterAll(async () => {
  echo.closeAllConnections();
  echo.close();
  await scratch.remove();
});

const echoAt = () => `127.0.0.1:${(echo.address() as AddressInfo).port}`;

type Running = { readonly port: number; stop(): Promise<void> };

const servers = {
  nginx: (tls: boolean): Promise<Running> =>
    onFreePort((listen) =>
      runNginx(
        (folder) => `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  client_max_body_size 1m;
  keepalive_requests ${REQUESTS_PER_CONNECTION};
  server {
    listen ${listen} http2${tls ? " ssl" : ""};
    ${tls ? `ssl_certificate ${scratch.file("cert.pem")}; ssl_certificate_key ${scratch.file("key.pem")};` : ""}
    location / { proxy_pass http://${echoAt()}; }
  }
}
`,
      ),
    ),
  caddy: (tls: boolean): Promise<Running> =>
    startCaddy((port) =>
      tls
        ? `https://127.0.0.1:${port} {\n  tls ${scratch.file("cert.pem")} ${scratch.file("key.pem")}\n  reverse_proxy ${echoAt()}\n}`
        : `http://127.0.0.1:${port} {\n  reverse_proxy ${echoAt()}\n}`,
    ),
};

const rows = [
  // short enough to be sent anew when nginx says goodbye; Caddy never does
  { name: "nginx", tls: false, longestBody: 60_000 },
  { name: "nginx", tls: true, longestBody: 60_000 },
  { name: "caddy", tls: false, longestBody: 500_000 },
  { name: "caddy", tls: true, longestBody: 500_000 },
] as const;

describe.each(rows)("$name over HTTP/2, with TLS $tls", ({ name, tls, longestBody }) => {
  const machine = requires(name);
  beforeEach(machine.check);

  let server: Running;
  let gateway: TestGateway;
  beforeAll(async () => {
    if (!machine.isMet) return;
    server = await servers[name](tls);
    const url = `${tls ? "https" : "http"}://127.0.0.1:${server.port}`;
    const target = { url, http2: true, ...(tls && { tls: { ca: certificate.cert } }) };
    gateway = await openTestGateway(snapshotOf([{ targets: [target], retries: { max: 5 } }]));
  });
  afterAll(async () => {
    await gateway?.close();
    await server?.stop();
  });

  test("requests with and without a body, many at a time, are all answered, and whole", async () => {
    let sent = 0;
    const one = async (): Promise<void> => {
      sent += 1;
      const number = sent;
      const body = number % 3 === 0 ? undefined : Buffer.alloc(number % 7 === 0 ? longestBody : number * 37, number);
      const method = body === undefined ? "GET" : "POST";
      const response = await fetch(`${gateway.url}/${number}`, { method, ...(body && { body }) });
      const digest = createHash("sha256")
        .update(body ?? "")
        .digest("hex");
      expect([response.status, await response.text()]).toEqual([200, `${method} /${number} ${digest}`]);
    };
    const worker = async (): Promise<void> => {
      while (sent < 200) await one();
    };
    await Promise.all(Array.from({ length: 12 }, worker));
  });
});
