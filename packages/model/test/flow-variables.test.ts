import { readFileSync } from "node:fs";
import { flowVariable, flowVariables, flowVariableTable } from "@wherefrom/model";
import { expect, test } from "vitest";
import { createResolver, evidenceOfFields, parsePolicy } from "wherefrom";

type Row = { readonly policy?: object; readonly peer?: string; readonly fields?: readonly (readonly [string, string])[] };

function read(name: string, { policy = {}, peer = "10.0.0.1", fields = [] }: Row): string | undefined {
  const evidence = evidenceOfFields(peer === "" ? undefined : peer, fields);
  return flowVariable(name, { evidence, resolution: createResolver(parsePolicy(policy)).resolve(evidence) });
}

const xff = (...lines: string[]) => lines.map((line) => ["X-Forwarded-For", line] as const);
const lastHop = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: -1 } };
const farHop = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 5 } };
const trusting = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } };
const three = xff("192.0.2.1, 192.0.2.2", " 192.0.2.3");

const rows: readonly (Row & { readonly name: string; readonly is: string | undefined })[] = [
  { name: "client.ip", is: "10.0.0.1", fields: three },
  { name: "client.ip", is: "10.0.0.1", peer: "::ffff:10.0.0.1" },
  { name: "client.ip", is: undefined, peer: "" },
  { name: "client.resolved.ip", is: "192.0.2.3", policy: lastHop, fields: three },
  { name: "client.resolved.ip", is: undefined, policy: { ...lastHop, fallback: "REJECT" } },
  { name: "client_ip_resolution.resolved.ip", is: "192.0.2.3", policy: lastHop, fields: three },
  { name: "client_ip_resolution.used.fallback", is: "false", fields: three }, // not configured is not a fallback
  { name: "client_ip_resolution.used.fallback", is: "false", policy: lastHop, fields: three },
  { name: "client_ip_resolution.used.fallback", is: "true", policy: farHop, fields: three },
  { name: "client_ip_resolution.used.fallback", is: "false", policy: { ...farHop, fallback: "REJECT" }, fields: three }, // none was used
  { name: "client_ip_resolution.algorithm", is: "default", fields: three },
  {
    name: "client_ip_resolution.algorithm",
    is: "HeaderIndexAlgorithm{IpHeaderName:X-Forwarded-For, IpHeaderIndex: 5}",
    policy: farHop,
    fields: three,
  },
  { name: "client_ip_resolution.reason", is: undefined, policy: lastHop, fields: three },
  { name: "client_ip_resolution.reason", is: "index-out-of-range", policy: farHop, fields: three },
  { name: "client_ip_resolution.trust", is: "unverified", fields: three },
  { name: "client_ip_resolution.trust", is: "verified", policy: trusting, fields: three },
  { name: "client_ip_resolution.key", is: "2001:db8::/64", policy: lastHop, fields: xff("2001:db8::5") },
  { name: "proxy.client.ip", is: "192.0.2.3", fields: three },
  { name: "proxy.client.ip", is: "192.0.2.3", fields: xff("192.0.2.1, 192.0.2.3:443") },
  { name: "proxy.client.ip", is: "10.0.0.1" },
  { name: "proxy.client.ip", is: "10.0.0.1", fields: xff("192.0.2.1, unknown") }, // never a neighbour of what cannot be read
  { name: "proxy.client.ip", is: undefined, peer: "" },
  { name: "request.header.X-Forwarded-For", is: "192.0.2.1", fields: three },
  { name: "request.header.x-forwarded-for", is: "192.0.2.1", fields: three },
  { name: "request.header.X-Forwarded-For.1", is: "192.0.2.1", fields: three },
  { name: "request.header.X-Forwarded-For.3", is: "192.0.2.3", fields: three },
  { name: "request.header.X-Forwarded-For.4", is: undefined, fields: three },
  { name: "request.header.X-Forwarded-For.0", is: undefined, fields: three }, // counted from 1
  { name: "request.header.X-Forwarded-For.2", is: "b", fields: xff("a,, ,\tb ,") }, // empty values do not count
  { name: "request.header.X-Forwarded-For.1", is: "\u00a0a", fields: xff("\u00a0a") }, // NBSP is no blank
  { name: "request.header.X-Forwarded-For.values.count", is: "3", fields: three },
  { name: "request.header.X-Forwarded-For.values.count", is: "0" },
  { name: "request.header.X-Forwarded-For.values.string", is: "192.0.2.1, 192.0.2.2,  192.0.2.3", fields: three },
  { name: "request.header.X-Forwarded-For.values.string", is: undefined },
  { name: "request.header.Date", is: "Mon", fields: [["Date", "Mon, 23 Nov 2026 08:00:00 GMT"]] }, // as Apigee does
  { name: "request.header.X-Empty", is: "", fields: [["X-Empty", ""]] },
  { name: "request.header.X-Absent", is: undefined },
  { name: "request.header.a.b", is: "1", fields: [["A.B", "1"]] },
  { name: "request.header.", is: undefined },
  { name: "request.header.X-Forwarded-For.values.other", is: undefined, fields: three },
  { name: "client_ip_resolution.other", is: undefined },
  { name: "__proto__", is: undefined },
];

test.each(rows)("$name is $is for $fields from $peer by $policy", ({ name, is, ...row }) => {
  expect(read(name, row)).toBe(is);
});

test("the record holds what is set, and each header as told", () => {
  const evidence = evidenceOfFields("10.0.0.1", three);
  const resolution = createResolver(parsePolicy(lastHop)).resolve(evidence);
  expect(flowVariables({ evidence, resolution }, { headers: ["X-Forwarded-For"], maxValues: 2 })).toEqual({
    "client.ip": "10.0.0.1",
    "client.resolved.ip": "192.0.2.3",
    "client_ip_resolution.algorithm": "HeaderIndexAlgorithm{IpHeaderName:X-Forwarded-For, IpHeaderIndex: -1}",
    "client_ip_resolution.key": "192.0.2.3",
    "client_ip_resolution.resolved.ip": "192.0.2.3",
    "client_ip_resolution.trust": "unverified",
    "client_ip_resolution.used.fallback": "false",
    "proxy.client.ip": "192.0.2.3",
    "request.header.X-Forwarded-For": "192.0.2.1",
    "request.header.X-Forwarded-For.1": "192.0.2.1",
    "request.header.X-Forwarded-For.2": "192.0.2.2",
    "request.header.X-Forwarded-For.values.count": "3",
    "request.header.X-Forwarded-For.values.string": "192.0.2.1, 192.0.2.2,  192.0.2.3",
  });
});

test("the documentation lists these variables and no others", () => {
  const page = readFileSync(new URL("../../../docs/flow-variables.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]);
  expect(documented).toEqual(flowVariableTable.map((variable) => variable.name));
});
