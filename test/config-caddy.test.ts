import { carry, type ProxyPassage, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { arrivedFields, claims, elementsOfHeaders, headersOf } from "./apps/claims.ts";
import { type FieldEcho, openFieldEcho } from "./apps/field-echo.ts";
import { type RunningProxy, startProxy } from "./apps/proxy.ts";
import { ask } from "./client/http.ts";
import { requires } from "./requirement.ts";

// one Caddy with a site for each row, at an address of its own; the client is 127.0.0.2, and 127.0.0.3 is no proxy of anybody
const CLIENT = "127.0.0.2";
const STRANGER = "127.0.0.3";

type Row = {
  /** Lines of the `reverse_proxy`. */
  readonly proxy?: readonly string[];
  /** Lines of the site, in which PROXY stands for all of the `reverse_proxy`. */
  readonly site?: readonly string[];
  /** How the name of the way ends that answers, where there are several. */
  readonly way?: string;
  /** Headers of which nobody can say beforehand what becomes of them. */
  readonly unknown?: readonly string[];
};

const rows: Readonly<Record<string, Row>> = {
  "by itself": {},
  "one network is trusted": { proxy: [`trusted_proxies ${CLIENT}/32 10.0.0.0/8`] },
  "private ranges are trusted": { proxy: ["trusted_proxies private_ranges"] },
  "set in place of what Caddy does": {
    proxy: ["header_up X-Forwarded-For {remote_host}", "header_up X-Real-IP {http.request.remote.host}"],
  },
  "what came is copied": {
    proxy: ["header_up X-Forwarded-For {header.X-Forwarded-For}", 'header_up X-Real-IP "{>X-Forwarded-For}"'],
    unknown: ["x-real-ip"],
  },
  "what came, and the peer": { proxy: ['header_up X-Client-IP "{http.request.header.x-forwarded-for}, {remote_host}"'] },
  "added as a line": { proxy: ["header_up +X-Forwarded-For 10.0.0.9", "header_up +X-Real-IP {remote_host}"] },
  "added twice": { proxy: ["header_up +X-Real-IP 10.0.0.8", "header_up +X-Real-IP 10.0.0.9"] },
  deleted: { proxy: ["header_up -X-Forwarded-For", "header_up -cf-*"] },
  "deleted by parts of names": { proxy: ["header_up -*-For", "header_up -*real*"] },
  "set holds before deleted, whichever stands first": { proxy: ["header_up -X-Real-IP", "header_up X-Real-IP {remote_host}"] },
  "added before it is set": { proxy: ["header_up X-Real-IP {remote_host}", "header_up +X-Real-IP 10.0.0.9"] },
  "changed by a pattern": { proxy: ["header_up X-Forwarded-For ^.*$ 10.0.0.9"], unknown: ["x-forwarded-for"] },
  "a header of the request is set before": {
    site: ["PROXY", "request_header X-Forwarded-For 10.0.0.9", "request_header X-Real-IP {remote_host}"],
  },
  "before, for one that is trusted": {
    site: ["request_header X-Forwarded-For 10.0.0.9", "PROXY"],
    proxy: [`trusted_proxies ${CLIENT}`],
  },
  "deleted before, but for one network": {
    site: [
      `@others not remote_ip ${CLIENT} 10.0.0.0/8`,
      "request_header @others -X-Real-IP",
      "request_header @others X-Client-IP {remote_host}",
      "PROXY",
    ],
  },
  "a matcher in a block": {
    site: [`@others {\n    not remote_ip ${CLIENT}\n  }`, "request_header @others -X-Real-IP", "PROXY"],
  },
  "under what only the request shows": {
    site: [
      "@elsewhere path /elsewhere",
      "request_header @elsewhere X-Real-IP 10.0.0.9",
      "request_header /nowhere X-Client-IP 10.0.0.9",
      "PROXY",
    ],
    unknown: ["x-real-ip", "x-client-ip"],
  },
  "added to what came": {
    site: ['request_header X-Client-IP "{header.X-Client-IP}, {remote_host}"', "request_header +X-Real-IP {remote_host}", "PROXY"],
  },
  "in a handle": {
    site: ["request_header X-Real-IP {remote_host}", "handle /* {\n    request_header X-Client-IP 10.0.0.9\n    PROXY\n  }"],
  },
  "in a route, what stands behind does not hold": {
    site: ["route {\n    request_header X-Real-IP 10.0.0.8\n    PROXY\n    request_header X-Real-IP 10.0.0.9\n  }"],
  },
  "on to another service, once the first has answered": {
    site: ["request_header X-Real-IP {remote_host}", "PROXY"],
    proxy: [
      "header_up X-Client-IP 10.0.0.8",
      "@well status 2xx",
      "handle_response @well {\n      request_header +X-Real-IP 10.0.0.9\n      reverse_proxy UPSTREAM {\n        header_up True-Client-IP {remote_host}\n      }\n    }",
    ],
    way: "@well",
  },
  "a snippet with an argument": { site: ["import real X-Client-IP 10.0.0.9", "PROXY"] },
  "a snippet in the block of the proxy": { proxy: ["import up {remote_host}"] },
  "a file": { proxy: ["import upstream.conf"] },
};

const UPSTREAM = "header_up X-Real-IP {remote_host}\n";
const names = Object.keys(rows);
const addressOf = (name: string): string => `127.0.1.${names.indexOf(name) + 1}`;

function siteOf(name: string, { listen, target }: { readonly listen: number; readonly target: number }): string {
  const { proxy = [], site = ["PROXY"] } = rows[name] ?? {};
  const passes = [`reverse_proxy UPSTREAM {`, ...proxy, "}"].join("\n    ").replaceAll("UPSTREAM", `127.0.0.1:${target}`);
  const lines = site.map((line) => line.replace("PROXY", passes));
  return [`http://${addressOf(name)}:${listen} {`, `bind ${addressOf(name)}`, ...lines].join("\n  ").concat("\n}\n");
}

function configAt(ports: { readonly listen: number; readonly target: number }): string {
  const options = "{\n  admin off\n  auto_https off\n}\n";
  const snippets = "(real) {\n  request_header {args.0} {args.1}\n}\n(up) {\n  header_up X-Real-IP {args.0}\n}\n";
  const ready = `http://127.0.0.1:${ports.listen} {\n  bind 127.0.0.1\n  respond 204\n}\n`;
  return [options, snippets, ready, ...names.map((name) => siteOf(name, ports))].join("\n");
}

const machine = requires("caddy");
beforeEach(machine.check);
let service: FieldEcho;
let proxy: RunningProxy;
beforeAll(async () => {
  if (!machine.isMet) return;
  service = await openFieldEcho();
  proxy = await startProxy(
    {
      files: (setup) => ({ Caddyfile: configAt(setup), "upstream.conf": UPSTREAM }),
      command: ({ folder }) => ["caddy", "run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
      env: ({ folder }) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
    },
    service.port,
  );
});
afterAll(async () => {
  await proxy?.stop();
  await service?.close();
});

const include = (name: string): { files: { name: string; text: string }[]; skipped: [] } => ({
  files: [{ name, text: UPSTREAM }],
  skipped: [],
});
const { passages, issues } = readConfig({ name: "Caddyfile", text: configAt({ listen: 1, target: 2 }) }, { include });

function passageOf(name: string): ProxyPassage {
  const way = rows[name]?.way ?? "";
  const [passage, ...others] = passages.filter((one) => one.name.startsWith(`http://${addressOf(name)}:1`) && one.name.endsWith(way));
  if (passage?.kind !== "proxy" || others.length > 0) throw new Error(`No passage for ${name}`);
  return passage;
}

const requests = names.flatMap((name) =>
  claims.flatMap(({ says, fields }) => [CLIENT, STRANGER].map((from) => ({ name, says, fields, from }))),
);

test.each(requests)("$name: from $from with $says, Caddy sends what its configuration was read as", async ({ name, fields, from }) => {
  const { body } = await ask<string[]>(`http://${addressOf(name)}:${proxy.port}/`, { from, headers: headersOf(fields) });
  const predicted = carry(passageOf(name), { peer: from, fields });
  const unknown = rows[name]?.unknown ?? [];
  expect(predicted.unknown).toEqual(unknown);
  expect(elementsOfHeaders(arrivedFields(body), unknown)).toEqual(elementsOfHeaders(predicted.fields, unknown));
});

test("nothing of it was not understood", () => {
  expect(issues).toEqual([]);
});
