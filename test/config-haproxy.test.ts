import { carry, type ProxyPassage, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { arrivedFields, claims, headersOf, linesOfHeaders } from "./apps/claims.ts";
import { type FieldEcho, openFieldEcho } from "./apps/field-echo.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { ask } from "./client/http.ts";
import { requires } from "./requirement.ts";

// one HAProxy with a frontend for each row, at an address of its own; the client is 127.0.0.2, and 127.0.0.3 is no proxy of anybody
const CLIENT = "127.0.0.2";
const STRANGER = "127.0.0.3";
const own = `src ${CLIENT} 10.0.0.0/8`;

type Row = {
  /** Lines of the frontend, or of the one section. */
  readonly lines: readonly string[];
  /** Lines of a backend of its own. */
  readonly backend?: readonly string[];
  /** What stands behind the server's address. */
  readonly server?: string;
  /** The name of the row that the server is. */
  readonly next?: string;
  readonly bind?: string;
  readonly defaults?: string;
  /** Headers of which nobody can say beforehand what becomes of them. */
  readonly unknown?: readonly string[];
};

const rows: Readonly<Record<string, Row>> = {
  nothing: { lines: [] },
  "a line is added": { lines: ["option forwardfor"] },
  "asked for at both ends, one line is added": { lines: ["option forwardfor"], backend: ["option forwardfor"] },
  "only if there is none": { lines: ["option forwardfor if-none"] },
  "if-none at one end alone does not hold": { lines: ["option forwardfor if-none"], backend: ["option forwardfor"] },
  "except one network": { lines: [`option forwardfor except ${CLIENT}`] },
  "except the networks of both ends": {
    lines: [`option forwardfor except ${CLIENT}`],
    backend: [`option forwardfor except ${STRANGER}/32`],
  },
  "in another header": { lines: ["option forwardfor header X-Real-IP"] },
  "the backend's name holds": { lines: ["option forwardfor header X-Real-IP"], backend: ["option forwardfor header X-Client-IP"] },
  "the last line holds, whole": { lines: ["option forwardfor header X-Real-IP if-none", "option forwardfor"] },
  "taken over from defaults": { lines: [], defaults: "forwarding" },
  "defaults that take over from others, and a line of its own": { lines: ["option forwardfor header X-Client-IP"], defaults: "inner" },
  "rules of defaults come first": { lines: ["http-request add-header X-Real-IP own"], backend: [], defaults: "ruling" },
  "rules of defaults hold by names that defaults give, whatever a section means by them": {
    lines: ["acl ours src 203.0.113.0/24", "http-request add-header X-Client-IP %[src] if ours"],
    backend: [],
    defaults: "naming",
    unknown: ["x-client-ip"],
  },
  "names with underscores are deleted": { lines: ["option http-restrict-req-hdr-names delete"], backend: ["option forwardfor"] },
  "names with underscores are deleted at the backend": { lines: [], backend: ["option http-restrict-req-hdr-names delete"] },
  "a variable that is taken back": {
    lines: ["http-request set-var(txn.from) src", "http-request unset-var(txn.from)", "http-request set-header X-Real-IP %[var(txn.from)]"],
    unknown: ["x-real-ip"],
  },
  "set in place of what came": { lines: ["http-request set-header X-Forwarded-For %[src]", "http-request set-header X-Real-IP %ci"] },
  "set at the frontend, added at the backend": {
    lines: ["http-request set-header X-Forwarded-For %[src]"],
    backend: ["http-request add-header X-Forwarded-For 10.0.0.9", "option forwardfor"],
  },
  "the rules of one section are followed once": { lines: ["http-request add-header X-Forwarded-For %[src]"] },
  "deleted, then added": { lines: ["http-request del-header x-forwarded-for", "option forwardfor"] },
  "deleted by the beginning of the name": { lines: ["http-request del-header x- -m beg", "http-request del-header -ip -m end"] },
  "deleted unless it comes from a network": { lines: [`http-request del-header X-Forwarded-For unless { ${own} }`, "option forwardfor"] },
  "set by an acl with another name": {
    lines: [`acl mine ${own}`, "acl mine src 10.1.0.0/16", "http-request set-header X-Real-IP %[src] if !mine"],
  },
  "set only where it is not": { lines: ["http-request set-header X-Real-IP %[src] unless { req.hdr(X-Real-IP) -m found }"] },
  "set by what only the request shows": {
    lines: ["http-request set-header X-Real-IP %[src] if { path_beg /nowhere }", "option forwardfor"],
    unknown: ["x-real-ip"],
  },
  "elements and lines that came": {
    lines: [
      "http-request set-header X-Real-IP %[req.hdr(X-Forwarded-For)]",
      "http-request set-header X-Client-IP %[req.hdr(X-Forwarded-For,1)]",
      "http-request set-header True-Client-IP %[req.hdr_ip(X-Forwarded-For,-2)]",
      'http-request set-header CF-Connecting-IP "%[req.fhdr(X-Forwarded-For)], %[src]"',
    ],
  },
  "what a rule has made is read by the next": {
    lines: ["http-request set-header X-Forwarded-For %[src]", "http-request set-header X-Real-IP %[hdr(x-forwarded-for)]"],
  },
  "by a variable": { lines: ["http-request set-var(txn.from) src", "http-request set-header X-Real-IP %[var(txn.from)]"] },
  "the last element becomes the source": {
    lines: [
      "http-request set-header X-Client-IP %[src]",
      `http-request set-src hdr(x-forwarded-for) if { ${own} }`,
      "http-request set-header X-Real-IP %[src]",
      "option forwardfor",
    ],
  },
  "the first element becomes the source, whoever sends it": {
    lines: ["http-request set-src req.hdr_ip(x-forwarded-for,1)", "http-request set-header X-Real-IP %[src]"],
  },
  "one from the right becomes the source": {
    lines: [`http-request set-src hdr_ip(x-forwarded-for,-2) if { ${own} }`, "http-request set-header X-Real-IP %[src]"],
  },
  "a header that was taken from all others becomes the source": {
    lines: [
      `http-request del-header X-Real-IP unless { ${own} }`,
      "http-request set-src hdr(X-Real-IP) if { req.hdr(X-Real-IP) -m found }",
      "option forwardfor",
    ],
  },
  "a backend that a rule names": { lines: ["use_backend elsewhere", "default_backend nowhere"], backend: ["option forwardfor"] },
  "what is behind an allowing rule is not followed": {
    lines: ["http-request allow", "http-request set-header X-Forwarded-For %[src]"],
    backend: ["http-request set-header X-Real-IP %[src]"],
  },
  "behind a rule of TCP that accepts, the others of its kind are not followed": {
    lines: [
      "tcp-request content accept",
      "tcp-request content set-src hdr_ip(x-forwarded-for)",
      "http-request set-header X-Real-IP %[src]",
      "option forwardfor",
    ],
  },
  "behind one that accepts some, nobody can say whether they are": {
    lines: [
      `tcp-request content accept if { ${own} }`,
      "tcp-request content set-src hdr_ip(x-forwarded-for)",
      "http-request set-header X-Real-IP %[src]",
      "http-request set-header X-Client-IP %[fc_src]",
    ],
    unknown: ["x-real-ip"],
  },
  "one that accepts connections says nothing of what they carry": {
    lines: [
      `tcp-request content set-src hdr_ip(x-forwarded-for) if { ${own} }`,
      "tcp-request connection accept",
      "http-request set-header X-Real-IP %[src]",
    ],
    backend: ["tcp-request content accept", "option forwardfor"],
  },
  "the source of the whole connection": {
    lines: [
      "tcp-request content set-var(txn.from) src",
      "tcp-request connection set-src str(192.0.2.99)",
      "http-request set-header X-Real-IP %[fc_src]",
      "http-request set-header X-Client-IP %[var(txn.from)]",
    ],
    unknown: ["x-real-ip", "x-client-ip"],
  },
  "a PROXY protocol header of version 1": { lines: [], server: "send-proxy", next: "a PROXY protocol header is read" },
  "a PROXY protocol header of version 2, for the bytes of a connection": {
    lines: ["mode tcp"],
    server: "send-proxy-v2",
    next: "a PROXY protocol header is read",
  },
  "a PROXY protocol header by default, and one for the source": {
    lines: [`http-request set-src hdr_ip(x-forwarded-for) if { ${own} }`, "default-server send-proxy"],
    next: "a PROXY protocol header is expected from a network",
  },
  "a PROXY protocol header is read": {
    lines: ["option forwardfor", "http-request set-header X-Real-IP %[src]"],
    bind: "accept-proxy",
  },
  "a PROXY protocol header is expected from a network": {
    lines: ["tcp-request connection expect-proxy layer4 if { src 127.0.0.1 }", "option forwardfor"],
  },
};

const names = Object.keys(rows);
const addressOf = (name: string): string => `127.0.1.${names.indexOf(name) + 1}`;

function sectionsOf(name: string, { listen, target }: { readonly listen: number; readonly target: number }): string {
  const { lines, backend, server = "", next, bind = "", defaults = "plain" } = rows[name] ?? { lines: [] };
  const id = names.indexOf(name);
  const outlet = `server s ${next === undefined ? `127.0.0.1:${target}` : `${addressOf(next)}:${listen}`} ${server}`;
  const inlet = `bind ${addressOf(name)}:${listen} ${bind}`;
  if (backend === undefined) return [`listen row${id} from ${defaults}`, inlet, ...lines, outlet].join("\n  ");
  const own = lines.map((line) => line.replace("elsewhere", `back${id}`).replace("nowhere", "dead"));
  const leads = own.some((line) => line.startsWith("use_backend")) ? [] : [`default_backend back${id}`];
  const front = [`frontend row${id} from ${defaults}`, inlet, ...own, ...leads].join("\n  ");
  return `${front}\n${[`backend back${id} from plain`, ...backend, outlet].join("\n  ")}`;
}

function configAt(ports: { readonly listen: number; readonly target: number }): string {
  const plain = ["defaults plain", "mode http", "timeout connect 5s", "timeout client 30s", "timeout server 30s"].join("\n  ");
  const defaults = [
    plain,
    "defaults forwarding from plain\n  option forwardfor",
    "defaults inner from forwarding\n  option httpclose",
    "defaults ruling from plain\n  http-request set-header X-Real-IP %[src]",
    `defaults naming from plain\n  acl ours ${own}\n  http-request set-header X-Real-IP %[src] if !ours`,
  ];
  return [...defaults, "backend dead from plain", ...names.map((name) => sectionsOf(name, ports)), ""].join("\n");
}

const machine = requires("haproxy");
beforeEach(machine.check);
let service: FieldEcho;
let proxy: RunningProxy;
beforeAll(async () => {
  if (!machine.isMet) return;
  service = await openFieldEcho();
  const files = (setup: { listen: number; target: number }): Record<string, string> => ({
    // the way in that is waited for
    "haproxy.cfg": `${configAt(setup)}listen ready from plain\n  bind 127.0.0.1:${setup.listen}\n`,
  });
  const command = ({ folder }: { folder: string }): string[] => ["haproxy", "-db", "-f", `${folder}/haproxy.cfg`];
  proxy = await startProxy({ files, command }, service.port);
});
afterAll(async () => {
  await proxy?.stop();
  await service?.close();
});

const { passages, issues } = readConfig({ name: "haproxy.cfg", text: configAt({ listen: 1, target: 2 }) });

function passageOf(name: string): ProxyPassage {
  const [passage, ...others] = passages.filter((candidate) => candidate.name.includes(`${addressOf(name)}:1`));
  if (passage?.kind !== "proxy" || others.length > 0) throw new Error(`No passage for ${name}`);
  return passage;
}

// one that reads a PROXY protocol header whoever sends it is met through another
const entrances = names.filter((name) => rows[name]?.bind === undefined);
const requests = entrances.flatMap((name) =>
  claims.flatMap(({ says, fields }) => [CLIENT, STRANGER].map((from) => ({ name, says, fields, from }))),
);

test.each(requests)("$name: from $from with $says, HAProxy sends what its configuration was read as", async ({ name, fields, from }) => {
  const { body } = await ask<string[]>(`http://${addressOf(name)}:${proxy.port}/`, { from, headers: headersOf(fields) });
  let predicted = carry(passageOf(name), { peer: from, fields });
  const next = rows[name]?.next;
  if (next !== undefined) {
    const { preamble } = predicted;
    predicted = carry(passageOf(next), { peer: "127.0.0.1", fields: predicted.fields, ...(preamble !== undefined && { preamble }) });
  }
  const unknown = rows[name]?.unknown ?? [];
  expect(predicted.unknown).toEqual(unknown);
  expect(linesOfHeaders(arrivedFields(body), unknown)).toEqual(linesOfHeaders(predicted.fields, unknown));
});

test("nothing of it was not understood", () => {
  expect(issues).toEqual([]);
});
