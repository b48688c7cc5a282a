import { Agent } from "node:http";
import { connect } from "node:net";
import { type ConfigReading, carry, type ProxyPassage, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { arrivedFields, claims, elementsOfHeaders, headersOf } from "./apps/claims.ts";
import { type FieldEcho, openFieldEcho } from "./apps/field-echo.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { ask } from "./client/http.ts";
import { requires } from "./requirement.ts";

// one Apache with a virtual host for each row, at an address of its own; the client is 127.0.0.2, and 127.0.0.3 is no proxy of anybody
const CLIENT = "127.0.0.2";
const STRANGER = "127.0.0.3";
/** Whom a PROXY protocol header names. */
const NAMED = "198.51.100.9";

type Row = {
  /** Lines of the virtual host; PROXY stands for the address of the service. */
  readonly lines: readonly string[];
  /** Where it is asked. */
  readonly path?: string;
  /** Whether Apache passes the path on nowhere. */
  readonly isNowhere?: true;
  /** Whether the main server has a list of proxies. */
  readonly isListed?: true;
  /** Whether a PROXY protocol header goes before the request. */
  readonly preamble?: true;
  /** Headers of which nobody can say beforehand what becomes of them. */
  readonly unknown?: readonly string[];
};

const passes = "ProxyPass / PROXY";
/** Lines of the main server, a proxy and locations, in another order than they hold in. */
const appendedInTurn = [
  "<Location /a>",
  "RequestHeader append X-Client-IP a",
  "</Location>",
  "<Location />",
  "RequestHeader append X-Client-IP root",
  "</Location>",
  "<Proxy *>",
  "RequestHeader append X-Client-IP proxy",
  "</Proxy>",
  "RequestHeader append X-Client-IP host",
  "ProxyPass /a PROXY",
];

const rows: Readonly<Record<string, Row>> = {
  "by itself": { lines: [passes] },
  "told not to add": { lines: [passes, "ProxyAddHeaders Off"] },
  "told so in a location": { lines: [passes, "<Location /x>", "ProxyAddHeaders Off", "</Location>"], path: "/x/y" },
  "the same, beside the location": { lines: [passes, "<Location /x>", "ProxyAddHeaders Off", "</Location>"], path: "/y" },
  "passed on in a location": {
    lines: ["<Location />", "ProxyPass PROXY", "RequestHeader set X-Real-IP expr=%{REMOTE_ADDR}", "</Location>"],
  },
  "passed on by a rewrite rule": { lines: ["RewriteEngine On", "RewriteRule ^/(.*)$ PROXY$1 [P,L]"] },
  "passed on by a rewrite rule with blanks between its flags": { lines: ["RewriteEngine On", 'RewriteRule ^/(.*)$ PROXY$1 "[L, P ]"'] },
  "passed on in a location with a pattern": {
    lines: [
      "<LocationMatch ^/ma(.*)>",
      "ProxyPassMatch PROXY$1",
      "RequestHeader set X-Real-IP expr=%{REMOTE_ADDR}",
      "</LocationMatch>",
      "<LocationMatch ^/mb>",
      "RequestHeader set X-Client-IP 10.0.0.9",
      "</LocationMatch>",
    ],
    path: "/match",
    unknown: ["x-client-ip"],
  },
  "passed on in a location with a pattern, the other way to write it": {
    lines: ["<Location ~ ^/match(.*)>", "ProxyPassMatch PROXY$1", "RequestHeader set X-Real-IP a", "</Location>"],
    path: "/match",
  },
  "passed on by a line of the main server": { lines: [], path: "/taken/over" },
  // 2.4 takes its lines over all the same
  "the same, where a host asks for none": { lines: ["ProxyPassInherit Off", "BalancerInherit Off"], path: "/taken/over" },
  "rewrite rules of the main server": { lines: ["RewriteEngine On"], path: "/rewritten", isNowhere: true },
  "a rewrite rule, switched on by the main server": { lines: ["RewriteRule ^/(.*)$ PROXY$1 [P,L]"], path: "/x" },
  "a rewrite rule that is switched off": {
    lines: ["RewriteEngine Off", "RewriteRule ^/(.*)$ PROXY$1 [P,L]"],
    path: "/x",
    isNowhere: true,
  },
  "set, which does not keep what came": {
    lines: [passes, 'RequestHeader set X-Forwarded-For "expr=%{REMOTE_ADDR}"', "ProxyAddHeaders Off"],
  },
  "set, and added once more": { lines: [passes, "RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}"] },
  "unset before it is added": { lines: [passes, "RequestHeader unset X-Forwarded-For", "RequestHeader unset x-real-ip early"] },
  appended: { lines: [passes, "RequestHeader append X-Real-IP 10.0.0.9", "RequestHeader append X-Client-IP expr=%{CONN_REMOTE_ADDR}"] },
  "added as a line": { lines: [passes, "RequestHeader add X-Real-IP 10.0.0.9"] },
  "added as a line to what is joined": { lines: [passes, "RequestHeader add X-Forwarded-For 10.0.0.9"], unknown: ["x-forwarded-for"] },
  "only if there is none": { lines: [passes, "RequestHeader setifempty X-Real-IP expr=%{REMOTE_ADDR}"] },
  "merged and edited": {
    lines: [passes, "RequestHeader merge X-Real-IP 10.0.0.9", "RequestHeader edit CF-Connecting-IP ^.*$ 10.0.0.9"],
    unknown: ["x-real-ip", "cf-connecting-ip"],
  },
  "under conditions": {
    lines: [
      passes,
      "RequestHeader set X-Real-IP 10.0.0.9 env=NOTHING",
      "<If \"%{REQUEST_URI} == '/nothing'\">",
      "RequestHeader set X-Client-IP 10.0.0.9",
      "</If>",
    ],
    unknown: ["x-real-ip", "x-client-ip"],
  },
  "what came is copied": {
    lines: [
      passes,
      'RequestHeader set X-Real-IP "expr=%{HTTP:X-Forwarded-For}"',
      'RequestHeader set True-Client-IP "expr=%{req:True-Client-IP}, %{REMOTE_ADDR}"',
    ],
  },
  "lines of the main server, a proxy, a location and a condition, in their order": {
    lines: ['<If "true">', "RequestHeader append X-Client-IP if", "</If>", ...appendedInTurn],
    path: "/a/b",
    unknown: ["x-client-ip"],
  },
  "the same without the condition": {
    lines: [...appendedInTurn],
    path: "/a/b",
  },
  "a module that is there, and one that is not": {
    lines: [
      passes,
      "<IfModule headers_module>",
      "RequestHeader set X-Real-IP a",
      "</IfModule>",
      "<IfModule !mod_headers.c>",
      "RequestHeader set X-Client-IP b",
      "</IfModule>",
      "<IfModule nothing_module>",
      "RequestHeader set X-Client-IP c",
      "</IfModule>",
    ],
  },
  "a defined name": {
    lines: [
      "Define OURS 10.0.0.9",
      passes,
      "RequestHeader set X-Real-IP ${OURS}",
      "<IfDefine OURS>",
      "RequestHeader set X-Client-IP a",
      "</IfDefine>",
    ],
  },
  "a line that is joined": { lines: [passes, "RequestHeader set \\\n  X-Real-IP \\\n  'expr=%{REMOTE_ADDR}'"] },
  "a line that is joined within words": { lines: [passes, "RequestHeader set X-Re\\\nal-IP a\\\nb"] },
  "the client behind an internal proxy": {
    lines: [
      passes,
      "RemoteIPHeader X-Forwarded-For",
      `RemoteIPInternalProxy ${CLIENT} 10.0.0.0/8`,
      "RequestHeader set X-Client-IP expr=%{REMOTE_ADDR}",
    ],
  },
  "the client behind a trusted proxy": { lines: [passes, "RemoteIPHeader X-Forwarded-For", `RemoteIPTrustedProxy ${CLIENT} 10.0.0.0/8`] },
  "both kinds": {
    lines: [passes, "RemoteIPHeader X-Forwarded-For", `RemoteIPInternalProxy ${CLIENT}`, "RemoteIPTrustedProxy 10.0.0.0/8 203.0.113.0/24"],
  },
  "with no list": { lines: [passes, "RemoteIPHeader X-Forwarded-For", "RequestHeader set X-Client-IP expr=%{CONN_REMOTE_ADDR}"] },
  "by another header": { lines: [passes, "RemoteIPHeader X-Real-IP", `RemoteIPInternalProxy ${CLIENT}`] },
  "a list of the main server": { lines: [passes, "RemoteIPHeader CF-Connecting-IP"], isListed: true },
  "lists of both servers": {
    lines: [passes, "RemoteIPHeader X-Forwarded-For", `RemoteIPInternalProxy ${CLIENT}`],
    isListed: true,
    unknown: ["x-forwarded-for"],
  },
  "a header that is unset before it is looked at": {
    lines: [passes, "RemoteIPHeader X-Forwarded-For", `RemoteIPInternalProxy ${CLIENT}`, "RequestHeader unset X-Forwarded-For early"],
  },
  "a header that is unset after it was looked at": {
    lines: [passes, "RemoteIPHeader X-Forwarded-For", "RequestHeader unset X-Forwarded-For early"],
    isListed: true,
  },
  "a PROXY protocol header": {
    lines: [
      passes,
      "RemoteIPProxyProtocol On",
      "RemoteIPHeader X-Forwarded-For",
      "RequestHeader set X-Real-IP expr=%{REMOTE_ADDR}",
      "RequestHeader set X-Client-IP expr=%{CONN_REMOTE_ADDR}",
    ],
    preamble: true,
  },
};

const names = Object.keys(rows);
const addressOf = (name: string): string => `127.0.1.${names.indexOf(name) + 1}`;
const isListed = (name: string): boolean => rows[name]?.isListed === true;

type Setup = { readonly folder: string; readonly listen: number; readonly target: number };

/** One with no list of proxies in its main server, and one that has a list, and looks for the client before its rules on headers. */
function configAt({ folder, listen, target }: Setup, hasList: boolean): string {
  const hosts = names
    .filter((name) => isListed(name) === hasList)
    .flatMap((name) => {
      const lines = (rows[name]?.lines ?? []).map((line) => line.replace("PROXY", `http://127.0.0.1:${target}/`));
      // a name, lest one is looked up for the address
      return [
        `Listen ${addressOf(name)}:${listen}`,
        `<VirtualHost ${addressOf(name)}:${listen}>`,
        "ServerName host.example",
        ...lines,
        "</VirtualHost>",
      ];
    });
  const modules = [
    "authz_core",
    "mpm_event",
    "proxy",
    "proxy_http",
    "rewrite",
    ...(hasList ? ["remoteip", "headers"] : ["headers", "remoteip"]),
  ];
  const main = ["ServerName 127.0.0.1", "LogLevel error", "User www-data", "Group www-data"];
  const service = `http://127.0.0.1:${target}/`;
  const passing = [`ProxyPass /taken ${service}`, "RewriteEngine On", `RewriteRule ^/rewritten$ ${service} [P]`];
  const workers = ["StartServers 1", "ThreadsPerChild 4", "MaxRequestWorkers 4", "ServerLimit 1"];
  return [
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    ...[`ServerRoot ${folder}`, `PidFile ${folder}/apache.pid`, `ErrorLog ${folder}/error.log`, `Listen 127.0.0.1:${listen}`],
    ...[
      ...main,
      ...workers,
      ...passing,
      "RequestHeader append X-Client-IP main",
      ...(hasList ? [`RemoteIPInternalProxy ${STRANGER}`] : []),
    ],
    ...hosts,
    "",
  ].join("\n");
}

const machine = requires("apache");
beforeEach(machine.check);
let service: FieldEcho;
const proxies: RunningProxy[] = [];
beforeAll(async () => {
  if (!machine.isMet) return;
  service = await openFieldEcho();
  const target = service.port;
  for (const hasList of [false, true]) {
    const files = (setup: Setup): Record<string, string> => ({ "apache.conf": configAt(setup, hasList) });
    const command = ({ folder }: Setup): string[] => ["apache2", "-DFOREGROUND", "-f", `${folder}/apache.conf`];
    proxies.push(await startProxy({ files, command }, target));
  }
});
afterAll(async () => {
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await service?.close();
});

const portOf = (name: string): number => proxies[isListed(name) ? 1 : 0]?.port ?? 0;
const readings = [false, true].map((hasList) =>
  readConfig({ name: "apache.conf", text: configAt({ folder: "/tmp", listen: 1, target: 2 }, hasList) }),
);

/** The passage with the longest path that the row's path begins with. */
function passageOf(name: string): ProxyPassage | undefined {
  const path = rows[name]?.path ?? "/";
  const host = `VirtualHost ${addressOf(name)}:1 host.example `;
  const own = readings.flatMap(({ passages }) => passages).filter((candidate) => candidate.name.startsWith(host));
  const pathOf = (passage: ConfigReading["passages"][number]): string => passage.name.slice(host.length);
  const fitting = own.filter((passage) => path.startsWith(pathOf(passage)) || /^(?:RewriteRule|~) /.test(pathOf(passage)));
  const [passage] = fitting.toSorted((first, other) => pathOf(other).length - pathOf(first).length);
  return passage?.kind === "proxy" ? passage : undefined;
}

/** Connections that begin with a PROXY protocol header. */
function announcing(name: string, from: string): Agent {
  const agent = new Agent();
  agent.createConnection = () => {
    const socket = connect({ host: addressOf(name), port: portOf(name), localAddress: from });
    socket.write(`PROXY TCP4 ${NAMED} ${addressOf(name)} 4000 80\r\n`);
    return socket;
  };
  return agent;
}

const requests = names.flatMap((name) =>
  (rows[name]?.isNowhere === true ? [] : claims).flatMap(({ says, fields }) =>
    [CLIENT, STRANGER].map((from) => ({ name, says, fields, from })),
  ),
);

test.each(requests)("$name: from $from with $says, Apache sends what its configuration was read as", async ({ name, fields, from }) => {
  const { path = "/", preamble, unknown = [] } = rows[name] ?? {};
  const url = `http://${addressOf(name)}:${portOf(name)}${path}`;
  const agent = preamble === undefined ? {} : { agent: announcing(name, from) };
  const { body } = await ask<string[]>(url, { from, headers: headersOf(fields), ...agent });
  const passage = passageOf(name);
  if (passage === undefined) throw new Error(`No passage for ${name}`);
  const predicted = carry(passage, { peer: from, fields, ...(preamble === true && { preamble: NAMED }) });
  expect(predicted.unknown.toSorted()).toEqual(unknown.toSorted());
  expect(elementsOfHeaders(arrivedFields(body), unknown)).toEqual(elementsOfHeaders(predicted.fields, unknown));
});

test.each(names.filter((name) => rows[name]?.isNowhere))("%s: Apache passes nothing on, and no way was read", async (name) => {
  const { status } = await fetch(`http://${addressOf(name)}:${portOf(name)}${rows[name]?.path}`);
  expect([status, passageOf(name)]).toEqual([404, undefined]);
});

test("nothing of it was not understood", () => {
  expect(readings.flatMap(({ issues }) => issues)).toEqual([]);
});
