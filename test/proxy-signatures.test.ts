import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { ECHO_PATH, type Probed, startEcho } from "./apps/doctor.ts";
import { nginxCommand, nginxConfig } from "./apps/nginx-config.ts";
import { type ProxyKind, startProxy } from "./apps/proxy.ts";
import { proxyKinds } from "./apps/proxy-kinds.ts";
import { wherefrom } from "./apps/wherefrom.ts";
import { repositoryPath } from "./process/repository.ts";
import { requires } from "./requirement.ts";

type Row = { readonly name: string; readonly version: string; readonly signature: Readonly<Record<string, string>> };
const known = JSON.parse(readFileSync(repositoryPath("cases/signatures/products.json"), "utf8")) as readonly Row[];

type Told = Probed & {
  readonly signature: {
    readonly signature: object;
    readonly matches: readonly { readonly name: string; readonly agrees: number; readonly of: number }[];
  };
};

/** What the machine needs for a set-up: the first word of its name is the product. */
const needs = {
  nginx: "nginx",
  haproxy: "haproxy",
  caddy: "caddy",
  apache: "apache",
  varnish: "varnish",
  squid: "squid",
  lighttpd: "lighttpd",
} as const;

const CLIENT = "127.0.0.2";

/** The policy that each set-up is told, as index and what it may not do: be forged. */
const policies: Readonly<Record<keyof typeof proxyKinds, number | string>> = {
  "nginx, append": -1,
  "nginx, overwrite": -1,
  "nginx, no directive": "nothing-to-read",
  haproxy: -1,
  caddy: -1,
  apache: -1,
  varnish: -1,
  squid: -1,
  lighttpd: -1,
};

test("every set-up is known, and no other", () => {
  expect(known.map(({ name }) => name)).toEqual(Object.keys(proxyKinds));
});

// each proxy has an echo of its own, so that all can be asked at once
describe.concurrent.each(Object.entries(proxyKinds))("%s", (name, kind) => {
  const machine = requires(needs[(name.split(",")[0] ?? "") as keyof typeof needs]);
  beforeEach(machine.check);

  test("does with odd requests what is known of it, and is told its policy", async ({ expect }) => {
    const echo = await startEcho();
    const proxy = await startProxy(kind, echo.port);
    try {
      const args = ["--rounds", "1", "--no-websocket", "--signature", "--from", CLIENT, "--timeout-ms", "4000", "--json"];
      const { exitCode, stdout } = await wherefrom(["doctor", "probe", `http://127.0.0.1:${proxy.port}${ECHO_PATH}`, ...args]);
      const told = JSON.parse(stdout) as Told;
      const row = known.find((candidate) => candidate.name === name);
      expect(told.signature.signature).toEqual(row?.signature);
      expect(told.signature.matches[0]).toMatchObject({ name, agrees: told.signature.matches[0]?.of });
      const policy = policies[name as keyof typeof policies];
      const [proposed] = told.proposal.proposals ?? [];
      expect(told.proposal.why ?? proposed?.policy).toEqual(
        typeof policy === "string"
          ? policy
          : { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: policy, trustedPeers: ["127.0.0.1"] } },
      );
      expect({ exitCode, forged: proposed?.forged ?? 0, isProven: proposed?.isProven ?? true }).toEqual({
        exitCode: typeof policy === "string" ? 1 : 0,
        forged: 0,
        isProven: true,
      });
      // nobody takes these away: whoever believes them believes the client
      expect(told.path.legs[0]?.singles.filter(({ fate }) => fate === "passed").map(({ name: header }) => header)).toEqual(
        expect.arrayContaining(["Forwarded", "CF-Connecting-IP", "True-Client-IP"]),
      );
    } finally {
      await proxy.stop();
      await echo.stop();
    }
  });
});

describe("two real proxies one after the other", () => {
  const machine = requires("nginx", "haproxy");
  beforeEach(machine.check);

  test("are counted: the measured index is -2", async () => {
    const echo = await startEcho();
    const inner = await startProxy(proxyKinds.haproxy, echo.port);
    const outer = await startProxy(proxyKinds["nginx, append"], inner.port);
    try {
      const { stdout } = await wherefrom([
        "doctor",
        "probe",
        `http://127.0.0.1:${outer.port}${ECHO_PATH}`,
        "--rounds",
        "1",
        "--from",
        CLIENT,
        "--json",
      ]);
      const told = JSON.parse(stdout) as Probed;
      expect(told.path.legs.map(({ transport, chain }) => ({ transport, ...chain }))).toEqual([
        { transport: "http", fate: "kept-left", added: [CLIENT, "127.0.0.1"], lines: 2 },
        { transport: "websocket", fate: "kept-left", added: [CLIENT, "127.0.0.1"], lines: 2 },
      ]);
      expect(told.proposal.proposals?.[0]).toMatchObject({
        policy: { headerIndexAlgorithm: { ipHeaderIndex: -2 } },
        isProven: true,
        forged: 0,
      });
    } finally {
      await outer.stop();
      await inner.stop();
      await echo.stop();
    }
  });
});

/** It keeps the first answer for all paths, whatever that says about being kept. */
const stubbornCache: ProxyKind = {
  files: ({ folder, listen, target }) => ({
    "nginx.conf": nginxConfig(folder, {
      http: [
        `proxy_cache_path ${folder}/cache keys_zone=all:1m;`,
        `server {
    listen 127.0.0.1:${listen};
    location / {
      proxy_pass http://127.0.0.1:${target};
      proxy_cache all;
      proxy_cache_key all;
      proxy_cache_valid any 10m;
      proxy_ignore_headers Cache-Control Expires Vary Set-Cookie;
    }
  }`,
      ],
      logs: "crit",
    }),
  }),
  command: ({ folder }) => nginxCommand(folder),
};

describe("behind a cache that answers everything with its first answer", () => {
  const machine = requires("nginx");
  beforeEach(machine.check);

  test("the probe says that the service did not hear it, and proposes nothing", async () => {
    const echo = await startEcho();
    const cache = await startProxy(stubbornCache, echo.port);
    try {
      const url = `http://127.0.0.1:${cache.port}${ECHO_PATH}`;
      const { exitCode, stdout } = await wherefrom(["doctor", "probe", url, "--rounds", "1", "--no-websocket", "--from", CLIENT, "--json"]);
      const { facts, proposal } = JSON.parse(stdout) as Probed;
      expect([exitCode, facts["probe.nonceSeen"], proposal.kind, proposal.proposals]).toEqual([1, false, "none", undefined]);
    } finally {
      await cache.stop();
      await echo.stop();
    }
  });
});
