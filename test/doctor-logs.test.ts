import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nginxCommand, nginxConfig } from "./apps/nginx-config.ts";
import { type ProxyKind, type RunningProxy, startProxy } from "./apps/proxy.ts";
import { wherefrom } from "./apps/wherefrom.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { until } from "./process/until.ts";
import { requires } from "./requirement.ts";

/** Requests, as header lines, and how often each is sent. */
const requests: readonly { readonly times: number; readonly lines: readonly string[] }[] = [
  { times: 3, lines: ["X-Forwarded-For: 203.0.113.7, 10.0.0.2", "User-Agent: one"] },
  { times: 2, lines: ["User-Agent: two"] },
  // what a server has to escape in its log
  { times: 1, lines: ['X-Forwarded-For: "; \\ , 203.0.113.9', 'User-Agent: a"b\\'] },
  { times: 1, lines: ["X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 198.51.100.9"] },
  { times: 1, lines: ["X-Forwarded-For: 2001:db8::7", 'Referer: http://a/"b'] },
];
const COUNT = 8;

const NGINX_MAIN =
  '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
const NGINX_JSON =
  'escape=json {"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","status":"$status","http_user_agent":"$http_user_agent","http_x_forwarded_for":"$http_x_forwarded_for"}';

/** An nginx that answers by itself and writes its log in a format. */
function nginx(log: string, [escaping, format]: readonly [escaping: string, format: string]): ProxyKind {
  return {
    files: ({ folder, listen }) => {
      const server = `server { listen 127.0.0.1:${listen}; access_log ${log} it; location / { return 200 "ok"; } }`;
      return { "nginx.conf": nginxConfig(folder, { http: [`log_format it ${escaping} '${format}';`, server], logs: "crit" }) };
    },
    command: ({ folder }) => nginxCommand(folder),
  };
}

const haproxy = (log: string): ProxyKind => ({
  files: ({ listen }) => ({
    "haproxy.cfg": `global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option dontlognull
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend in
  bind 127.0.0.1:${listen}
  capture request header User-Agent len 64
  capture request header X-Forwarded-For len 64
  http-request return status 200
`,
  }),
  command: ({ folder }) => ["sh", "-c", `exec haproxy -db -f ${folder}/haproxy.cfg >${log}`],
});

const apache = (log: string): ProxyKind => ({
  files: ({ folder, listen }) => ({
    "apache.conf": `ServerRoot ${folder}
ServerName 127.0.0.1
PidFile ${folder}/apache.pid
Listen 127.0.0.1:${listen}
ErrorLog ${folder}/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
User www-data
Group www-data
ServerLimit 1
ThreadsPerChild 4
MaxRequestWorkers 4
DocumentRoot ${folder}
LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" \\"%{X-Forwarded-For}i\\"" it
CustomLog ${log} it
`,
  }),
  command: ({ folder }) => ["apache2", "-DFOREGROUND", "-f", `${folder}/apache.conf`],
});

const caddy = (log: string): ProxyKind => ({
  files: ({ listen }) => ({
    Caddyfile: `{
  admin off
  auto_https off
}
http://:${listen} {
  bind 127.0.0.1
  log {
    output file ${log}
  }
  respond "ok"
}
`,
  }),
  command: ({ folder }) => ["caddy", "run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
  env: ({ folder }) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
});

type Row = {
  readonly name: string;
  readonly kind: (log: string) => ProxyKind;
  readonly format: string;
  readonly args?: readonly string[];
  readonly hasBothLines: boolean;
};

const rows: readonly Row[] = [
  { name: "nginx", kind: (log) => nginx(log, ["", NGINX_MAIN]), format: "combined-xff", hasBothLines: true },
  {
    name: "nginx-json",
    kind: (log) => nginx(log, ["escape=json", NGINX_JSON.replace("escape=json ", "")]),
    format: "nginx-json",
    hasBothLines: true,
  },
  {
    name: "nginx-described",
    kind: (log) => nginx(log, ["escape=json", NGINX_JSON.replace("escape=json ", "")]),
    format: "format",
    args: ["--log-format", NGINX_JSON],
    hasBothLines: true,
  },
  { name: "apache", kind: apache, format: "combined-xff", hasBothLines: true },
  // it captures the last line of a header only
  { name: "haproxy", kind: haproxy, format: "haproxy", args: ["--field", "xff=capture.2"], hasBothLines: false },
  { name: "caddy", kind: caddy, format: "caddy", hasBothLines: true },
];

const POLICY = JSON.stringify({ headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 }, fallback: "REJECT" });

let scratch: Scratch;
let servers: readonly RunningProxy[] = [];
const logOf = ({ name }: Row): string => scratch.file(`${name}.log`);

const machine = requires("nginx", "haproxy", "apache", "caddy");
beforeEach(machine.check);
beforeAll(async () => {
  if (!machine.isMet) return;
  scratch = await openScratch();
  servers = await Promise.all(rows.map((row) => startProxy(row.kind(logOf(row)), 0)));
  await Promise.all(servers.map(({ port }) => askAll(port)));
  await Promise.all(
    rows.map((row) => until(`${row.name} has logged`, async () => linesIn(await readFile(logOf(row), "utf8").catch(() => "")) >= COUNT)),
  );
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await scratch?.remove();
});

const linesIn = (text: string): number => text.split("\n").length - 1;

async function askAll(port: number): Promise<void> {
  for (const { times, lines } of requests) for (let time = 0; time < times; time++) await askRaw(port, lines);
}

function askRaw(port: number, lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket
      .on("error", reject)
      .on("close", () => resolve())
      .resume();
    socket.write(`GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`);
  });
}

describe("a log that a real server wrote", () => {
  test.each(rows)("$name: every line is read, with what was sent", async (row) => {
    const { exitCode, stdout, stderr } = await wherefrom(["doctor", "logs", logOf(row), "--policy", POLICY, "--json", ...(row.args ?? [])]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    const told = JSON.parse(stdout) as {
      readonly logs: readonly { readonly chosen: { readonly name: string; readonly fits: number } }[];
      readonly lines: number;
      readonly malformed: number;
      readonly samples: readonly unknown[];
      readonly whole: {
        readonly traffic: { readonly hops: readonly number[] };
        readonly outcomes: readonly { readonly id: string; readonly reasons: object; readonly top: readonly object[] }[];
      };
    };
    expect({ lines: told.lines, malformed: told.malformed, samples: told.samples, chosen: told.logs[0]?.chosen }).toMatchObject({
      lines: COUNT,
      malformed: 0,
      samples: [],
      chosen: { name: row.format, fits: COUNT },
    });
    const twoLines = row.hasBothLines ? 2 : 1;
    expect(told.whole.traffic.hops.slice(0, 3)).toEqual([2, twoLines === 1 ? 2 : 1, twoLines === 1 ? 4 : 5]);
    const [policy] = told.whole.outcomes;
    expect(policy).toMatchObject({ id: "policy", reasons: { "header-absent": 2 } });
    expect(policy?.top).toEqual([
      { text: "10.0.0.2", count: 3 },
      { text: "198.51.100.9", count: 1 },
      { text: "2001:db8::7", count: 1 },
      { text: "203.0.113.9", count: 1 },
    ]);
  });
});
