import { carry, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FieldEcho, openFieldEcho } from "./apps/field-echo.ts";
import { nginxCommand, nginxConfig } from "./apps/nginx-config.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { ask } from "./client/http.ts";
import { requires } from "./requirement.ts";

// one nginx with a location for each row; the client is 127.0.0.2, and 127.0.0.3 is no proxy of anybody
const CLIENT = "127.0.0.2";
const STRANGER = "127.0.0.3";
const CLAIM = "192.0.2.123";

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
};

const claims: readonly { readonly says: string; readonly fields: readonly (readonly [string, string])[] }[] = [
  { says: "nothing", fields: [] },
  { says: "one claim", fields: [["X-Forwarded-For", CLAIM]] },
  {
    says: "two lines and another header",
    fields: [
      ["X-Forwarded-For", `${CLAIM}, 203.0.113.7`],
      ["X-Forwarded-For", "10.0.0.2"],
      ["X-Real-IP", "192.0.2.71"],
    ],
  },
];

function configIn(folder: string, { listen, target }: { readonly listen: number; readonly target: number }): string {
  const map = `map $http_x_forwarded_for $chain { "" $remote_addr; default "$http_x_forwarded_for, $remote_addr"; }`;
  const places = Object.entries(locations).map(([name, lines]) => `location /${name} { proxy_pass http://127.0.0.1:${target}; ${lines} }`);
  const server = `server {\nlisten 127.0.0.1:${listen};\nproxy_set_header X-Real-IP $remote_addr;\n${places.join("\n")}\n}`;
  return nginxConfig(folder, { http: [map, server], logs: "crit" });
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
}, 30_000);
afterAll(async () => {
  await proxy?.stop();
  await service?.close();
});

const told = ["x-forwarded-for", "x-real-ip"];
const linesIn = (fields: readonly (readonly [string, string])[]): object =>
  Object.fromEntries(told.map((name) => [name, fields.filter(([field]) => field.toLowerCase() === name).map(([, value]) => value)]));

const rows = Object.keys(locations).flatMap((name) =>
  claims.flatMap(({ says, fields }) => [CLIENT, STRANGER].map((from) => ({ name, says, fields, from }))),
);

test.each(rows)("$name: from $from with $says, nginx sends what its configuration was read as", async ({ name, fields, from }) => {
  const { passages } = readConfig({ name: "nginx.conf", text: configIn("/tmp", { listen: 1, target: 2 }) });
  const passage = passages.find((candidate) => candidate.name.endsWith(` /${name}`));
  if (passage?.kind !== "proxy") throw new Error(`No passage for /${name}`);
  const headers: Record<string, string[]> = {};
  for (const [field, value] of fields) headers[field] = [...(headers[field] ?? []), value];
  const { body } = await ask<string[]>(`http://127.0.0.1:${proxy.port}/${name}`, { from, headers });
  const arrived = body.flatMap((value, index): [string, string][] => (index % 2 === 0 ? [[value, body[index + 1] ?? ""]] : []));
  const predicted = carry(passage, { peer: from, fields });
  expect(predicted.unknown).toEqual([]);
  expect(linesIn(arrived)).toEqual(linesIn(predicted.fields));
});
