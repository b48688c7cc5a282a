import { type NetworkPassage, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Network, openNetwork } from "../packages/doctor/src/lab/network.ts";
import { PATIENCE_MS } from "../tools/patience.ts";
import { runWell } from "./process/run.ts";
import { type Started, start } from "./process/started.ts";
import { requires } from "./requirement.ts";

// the network of the lab: the client is outside, service112 inside, and the firewall redirects to service180
const CLIENT = "203.0.113.10";
const NEIGHBOUR = "10.77.0.112";
const FIREWALL_LAN = "10.77.0.1";

const ECHO = `require("node:net").createServer((s) => s.end(s.remoteAddress)).listen(8000, "10.77.0.180", () => console.log("listens"))`;
const ASK = `require("node:net").connect(18000, "198.51.100.36").setTimeout(3000, () => process.exit(1)).on("data", (d) => process.stdout.write(d))`;

const redirection = "ip daddr 198.51.100.36 tcp dport 18000 dnat to 10.77.0.180:8000";
const nft = (rules: string, { family = "ip", redirect = redirection, more = "" } = {}): string => `table ${family} nat {
${more}
chain pre { type nat hook prerouting priority dstnat;
${redirect}
}
chain post { type nat hook postrouting priority srcnat;
${rules}
}
}`;
const iptables = (...rules: readonly string[]): string =>
  [
    "*nat",
    ":SUB - [0:0]",
    "-A PREROUTING -d 198.51.100.36 -p tcp --dport 18000 -j DNAT --to-destination 10.77.0.180:8000",
    ...rules,
    "COMMIT",
    "",
  ].join("\n");

type Row = { readonly says: string; readonly rules: string; readonly by: "nft" | "iptables-restore" };
const nftRow = (says: string, rules: string): Row => ({ says, rules, by: "nft" });
const iptablesRow = (says: string, ...rules: readonly string[]): Row => ({ says, rules: iptables(...rules), by: "iptables-restore" });

const outwards = 'oifname "wan" ip saddr 10.77.0.0/24 masquerade';
const rows: readonly Row[] = [
  nftRow("only what goes out", nft(outwards)),
  nftRow("the rule of the post-mortem", nft(`oifname "lan" ip daddr 10.77.0.180 masquerade\n${outwards}`)),
  nftRow("everything", nft("masquerade")),
  nftRow("everything but what an earlier rule accepts", nft(`ip saddr != 10.0.0.0/8 accept\nmasquerade`)),
  nftRow("what was redirected", nft("ct status dnat snat to 10.77.0.1")),
  nftRow("neighbours", nft(`oifname "lan" ip saddr 10.77.0.0/24 masquerade`)),
  nftRow("another destination", nft("ip daddr 10.77.0.112 masquerade")),
  nftRow("the port behind the redirection", nft("tcp dport 8000 masquerade")),
  nftRow("the port in front of it", nft("tcp dport 18000 masquerade")),
  nftRow(
    "a second chain, which is asked when the first one accepts",
    `${nft("accept")}\n${nft("ip protocol tcp masquerade", { redirect: "" }).replace("table ip nat", "table ip other").replace("srcnat", "srcnat + 1")}`,
  ),
  nftRow(
    "a table for both families, a set, a chain and a map",
    nft("jump sub", {
      family: "inet",
      redirect: `iifname "wan" dnat ip to tcp dport map { 18000 : 10.77.0.180 . 8000, 18001 : 10.77.0.112 . 8000 }`,
      more: 'set inner {\ntype ipv4_addr\nflags interval\nelements = { 10.0.0.0/8, 172.16.0.0/12 }\n}\nchain sub {\nip saddr @inner return\ncounter log prefix "x" masquerade\n}',
    }),
  ),
  nftRow(
    "verdict maps, one in the rule and one with a name",
    nft('oifname vmap { "wan" : accept, "lan" : goto sub }', {
      more: "map where {\ntype ipv4_addr : verdict\nflags interval\nelements = { 10.0.0.0/8 : return, 203.0.113.0/24 : jump more }\n}\nchain more {\nmasquerade\n}\nchain sub {\nip saddr vmap @where\n}",
    }),
  ),
  nftRow(
    "a table that sleeps",
    `${nft("masquerade", { redirect: "" }).replace("table ip nat {", "table ip sleeping {\nflags dormant;")}\n${nft("")}`,
  ),
  iptablesRow("only what goes out", "-A POSTROUTING -s 10.77.0.0/24 -o wan -j MASQUERADE"),
  iptablesRow("what goes to the inside", "-A POSTROUTING -o lan -j MASQUERADE"),
  iptablesRow(
    "a chain, to a fixed address",
    '-A POSTROUTING -m comment --comment "a \\"b\\" -j x" -j SUB',
    "-A SUB ! -s 10.0.0.0/8 -p tcp -m tcp --dport 8000 -j SNAT --to-source 10.77.0.1",
  ),
  iptablesRow("everything but what an earlier rule accepts", "-A POSTROUTING ! -s 10.77.0.0/24 -j ACCEPT", "-A POSTROUTING -j MASQUERADE"),
];

const machine = requires("namespaces");
beforeEach(machine.check);
let network: Network;
let service: Started;
beforeAll(async () => {
  if (!machine.isMet) return;
  network = await openNetwork({ waitMs: PATIENCE_MS });
  service = start([process.execPath, "-e", ECHO], { place: network.at("service180") });
  await service.ready("listens", () => service.stdout().includes("listens"));
});
afterAll(async () => {
  await service?.stop();
  await network?.close();
});

/** Which conditions of the rules above are met by a connection to service180. */
const MET: Readonly<Record<string, (from: NetworkPassage["from"]) => boolean>> = {
  'oifname "lan"': () => true,
  'oifname "wan"': () => false,
  'oifname "wan" ip saddr 10.77.0.0/24': () => false,
  'oifname "lan" ip saddr 203.0.113.0/24': (from) => from === "outside",
  'oifname "lan" ip saddr 10.77.0.0/24': (from) => from === "inside",
  "ip saddr != 10.0.0.0/8": (from) => from === "outside",
  "ip saddr @inner": (from) => from === "inside",
  "-o lan": () => true,
  "-s 10.77.0.0/24 -o wan": () => false,
  "! -s 10.0.0.0/8": (from) => from === "outside",
  "ip saddr != 10.77.0.0/24": (from) => from === "outside",
  "! -s 10.77.0.0/24": (from) => from === "outside",
};

/** The source that a service sees by what was read; `undefined` where the redirection is only for those who come in from outside. */
function predicted(text: string, from: NetworkPassage["from"]): string | undefined {
  const { passages, issues } = readConfig({ name: "rules", text });
  expect(issues).toEqual([]);
  const ways = passages.filter((passage) => passage.kind === "network").filter(({ target }) => target === "10.77.0.180:8000");
  // a way of clients on the inside that is not told is that of those outside
  const way = ways.find((candidate) => candidate.from === from) ?? ways[0];
  if (from === "inside" && way?.name.includes("iifname") === true) return undefined;
  const met = way?.sources.find(({ condition }) => condition === undefined || MET[condition]?.(from) === true);
  for (const { condition } of way?.sources ?? []) if (condition !== undefined) expect(Object.keys(MET)).toContain(condition);
  switch (met?.source.kind) {
    case "kept":
      return from === "outside" ? CLIENT : NEIGHBOUR;
    case "interface":
      return FIREWALL_LAN;
    case "addresses":
      return met.source.text;
    case "unknown":
    case undefined:
      throw new Error(`Nothing was read for ${from}`);
  }
}

test.each(rows)("$by: $says", async ({ rules, by }) => {
  const firewall = network.at("firewall");
  await runWell(["nft", "flush", "ruleset"], { place: firewall });
  await runWell(by === "nft" ? ["nft", "-f", "-"] : [by], { place: firewall, input: rules });
  const ask = (host: "client" | "service112"): Promise<string> => runWell([process.execPath, "-e", ASK], { place: network.at(host) });
  // what people write themselves is read like what the tools print
  const printed = by === "nft" ? rules : runWell(["iptables-save"], { place: firewall });
  const [seen, ...texts] = await Promise.all([ask("client"), printed, runWell(["nft", "list", "ruleset"], { place: firewall })]);
  for (const text of texts) expect(predicted(text, "outside")).toBe(seen);
  const inside = texts.map((text) => predicted(text, "inside"));
  // a neighbour whose source is kept is answered past the firewall, and gives up
  const isAnswered = inside[0] !== undefined && inside[0] !== NEIGHBOUR;
  expect(new Set(inside)).toEqual(new Set([isAnswered ? await ask("service112") : inside[0]]));
});
