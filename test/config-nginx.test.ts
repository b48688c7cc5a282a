import { Agent } from "node:http";
import { connect } from "node:net";
import { carry, type ProxyPassage, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { arrivedFields, claims, headersOf, linesOfHeaders } from "./apps/claims.ts";
import { type FieldEcho, openFieldEcho } from "./apps/field-echo.ts";
import { nginxCommand, nginxConfig } from "./apps/nginx-config.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { ask } from "./client/http.ts";
import { requires } from "./requirement.ts";

// one nginx with a location for each row; the client is 127.0.0.2, and 127.0.0.3 is no proxy of anybody
const CLIENT = "127.0.0.2";
const STRANGER = "127.0.0.3";
/** Where the second server listens. */
const SECOND = "127.0.0.5";

const locations: Readonly<Record<string, string>> = {
  nothing: "",
  append: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  overwrite: "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Real-IP $remote_addr;",
  copy: "proxy_set_header X-Forwarded-For $http_x_forwarded_for;",
  empty: 'proxy_set_header X-Forwarded-For "";',
  map: "proxy_set_header X-Forwarded-For $chain;",
  "not-inherited": "proxy_set_header Host $host;",
  "real-ip-last": `real_ip_header X-Forwarded-For; set_real_ip_from ${CLIENT}; proxy_set_header X-Real-IP $remote_addr;`,
  "real-ip-walk": `real_ip_header X-Forwarded-For; real_ip_recursive on; set_real_ip_from ${CLIENT}; set_real_ip_from 10.0.0.0/8; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Real-IP $realip_remote_addr;`,
  "real-ip-unnamed": `set_real_ip_from ${CLIENT}; proxy_set_header X-Forwarded-For $remote_addr;`,
  "real-ip-by-name": "real_ip_header X-Forwarded-For; set_real_ip_from localhost; proxy_set_header X-Real-IP $remote_addr;",
  twice: "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header x-forwarded-for $proxy_add_x_forwarded_for;",
  "twice-copied": "proxy_set_header X-Forwarded-For $http_x_forwarded_for; proxy_set_header X-Forwarded-For $remote_addr;",
  withheld: "proxy_pass_request_headers off; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
  "withheld-copied": "proxy_pass_request_headers off; proxy_set_header X-Client-IP $http_x_forwarded_for;",
  "set-under-a-condition":
    "set $real $remote_addr; if ($http_x_forwarded_for) { set $real $http_x_forwarded_for; } proxy_set_header X-Real-IP $real;",
  "set-after-a-condition":
    "if ($http_x_forwarded_for) { set $late $http_x_forwarded_for; } set $late $remote_addr; proxy_set_header X-Real-IP $late;",
  "address-read-before": `real_ip_header X-Forwarded-For; set_real_ip_from ${CLIENT}; set $seen $remote_addr; proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Client-IP $seen;`,
  "backslashes-that-stay": 'proxy_set_header X-Client-IP a\\;b\\ c\\{d; proxy_set_header X-Real-IP "e\\;f\\x\\"g\\\\h";',
  "map-with-masks": "proxy_set_header X-Real-IP $masked;",
};

/** Locations in others, of a server of their own. What a location sets is not set in those inside of it, what the server sets is. */
const NESTED = "127.0.0.8";
const nested = (target: number): string => `set $all $remote_addr;
location /around { set $around $remote_addr; set $all changed; proxy_pass http://127.0.0.1:${target}; proxy_set_header X-Real-IP "<$around> $all";
location /around-it { proxy_pass http://127.0.0.1:${target}; }
location /around-again { set $around again; proxy_pass http://127.0.0.1:${target}; } }`;
const namesOfNested: Readonly<Record<string, string>> = { around: "", "around-it": "", "around-again": "" };

/** Of a server of its own, which reads X-Forwarded-For before a location is found. */
const locationsOfSecond: Readonly<Record<string, string>> = {
  "names-that-are-invalid": "proxy_set_header X-Forwarded-For $remote_addr;",
  "real-ip-twice": "real_ip_header X-Real-IP; proxy_set_header X-Real-IP $remote_addr;",
  "real-ip-again": `set_real_ip_from ${CLIENT}; proxy_set_header X-Real-IP $remote_addr;`,
};

/** Of a server with two addresses, at one of which a PROXY protocol header comes first; and of another server there, which does not say so. */
const BOTH = "127.0.0.6";
const PREAMBLE = "127.0.0.7";
const locationsOfBoth: Readonly<Record<string, string>> = {
  both: 'proxy_set_header X-Real-IP $remote_addr; proxy_set_header X-Client-IP "$realip_remote_addr of <$proxy_protocol_addr>";',
};

/** Headers of which nobody can say beforehand what is sent. */
const unknown: Readonly<Record<string, readonly string[]>> = {
  "set-under-a-condition": ["x-real-ip"],
  "real-ip-by-name": ["x-real-ip"],
  "real-ip-twice": ["x-real-ip"],
  "map-with-masks": ["x-real-ip"],
  "address-read-before": ["x-real-ip", "x-client-ip"],
};

function configIn(folder: string, { listen, target }: { readonly listen: number; readonly target: number }): string {
  const map = `map $http_x_forwarded_for $chain { "" $remote_addr; default "$http_x_forwarded_for, $remote_addr"; }`;
  const places = (own: typeof locations): string =>
    Object.entries(own)
      .map(([name, lines]) => `location /${name} { proxy_pass http://127.0.0.1:${target}; ${lines} }`)
      .join("\n");
  const masks = "map $http_cf_connecting_ip $masked { hostnames; *.0.2.72 $remote_addr; default $http_x_forwarded_for; }";
  const server = `server {\nlisten 127.0.0.1:${listen};\nproxy_set_header X-Real-IP $remote_addr;\n${places(locations)}\n}`;
  const third = `server {\nlisten ${NESTED}:${listen};\nproxy_set_header X-Real-IP $remote_addr;\n${nested(target)}\n}`;
  const realIp = `real_ip_header X-Forwarded-For;\nset_real_ip_from ${CLIENT};`;
  const both = `server {\nlisten ${BOTH}:${listen};\nlisten ${PREAMBLE}:${listen} proxy_protocol;\nreal_ip_header proxy_protocol;\nset_real_ip_from ${CLIENT};\n${places(locationsOfBoth)}\n}`;
  const alsoThere = `server {\nlisten ${PREAMBLE}:${listen};\nserver_name also.example;\n${places(locationsOfBoth)}\n}`;
  const second = `server {\nlisten ${SECOND}:${listen};\nignore_invalid_headers off;\n${realIp}\n${places(locationsOfSecond)}\n}`;
  return nginxConfig(folder, { http: [map, masks, server, second, third, both, alsoThere], logs: "crit" });
}

const machine = requires("nginx");
beforeEach(machine.check);
let service: FieldEcho;
let proxy: RunningProxy;
beforeAll(async () => {
  if (!machine.isMet) return;
  service = await openFieldEcho();
  const kind = { files: (setup: { folder: string; listen: number; target: number }) => ({ "nginx.conf": configIn(setup.folder, setup) }) };
  proxy = await startProxy({ ...kind, command: ({ folder }) => nginxCommand(folder) }, service.port);
});
afterAll(async () => {
  await proxy?.stop();
  await service?.close();
});

const rowsAt = (host: string, names: typeof locations) =>
  Object.keys(names).flatMap((name) =>
    claims.flatMap(({ says, fields }) => [CLIENT, STRANGER].map((from) => ({ name, says, fields, from, host }))),
  );
const rows = [
  ...rowsAt("127.0.0.1", locations),
  ...rowsAt(NESTED, namesOfNested),
  ...rowsAt(SECOND, locationsOfSecond),
  ...rowsAt(BOTH, locationsOfBoth),
];
const read = readConfig({ name: "nginx.conf", text: configIn("/tmp", { listen: 1, target: 2 }) });

function passageOf(name: string): ProxyPassage {
  const passage = read.passages.find((candidate) => candidate.name.endsWith(name));
  if (passage?.kind !== "proxy") throw new Error(`No passage for ${name}`);
  return passage;
}

test.each(rows)("$name: from $from with $says, nginx sends what its configuration was read as", async ({ name, fields, from, host }) => {
  const passage = passageOf(name in locationsOfBoth ? `${host}:1 location /${name}` : ` /${name}`);
  const { body } = await ask<string[]>(`http://${host}:${proxy.port}/${name}`, { from, headers: headersOf(fields) });
  const predicted = carry(passage, { peer: from, fields });
  expect(predicted.unknown).toEqual(unknown[name] ?? []);
  expect(linesOfHeaders(arrivedFields(body), predicted.unknown)).toEqual(linesOfHeaders(predicted.fields, predicted.unknown));
});

const behindPreamble = ["", "also.example "].flatMap((server) => [CLIENT, STRANGER].map((from) => ({ server, from })));

test.each(behindPreamble)(
  "behind a PROXY protocol header from $from, «$server»nginx sends what its configuration was read as",
  async ({ server, from }) => {
    const preamble = "192.0.2.9";
    const agent = new Agent();
    agent.createConnection = (options) => {
      const socket = connect({ ...options, host: PREAMBLE, port: proxy.port, localAddress: from });
      socket.write(`PROXY TCP4 ${preamble} ${PREAMBLE} 1000 80\r\n`);
      return socket;
    };
    const headers = server === "" ? {} : { host: server.trim() };
    const { body } = await ask<string[]>(`http://${PREAMBLE}:${proxy.port}/both`, { headers, agent });
    const predicted = carry(passageOf(`${server}${PREAMBLE}:1 location /both`), { peer: from, preamble, fields: [] });
    expect(linesOfHeaders(arrivedFields(body))).toEqual(linesOfHeaders(predicted.fields));
  },
);
