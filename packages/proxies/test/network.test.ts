import { describe, expect, test } from "vitest";
import type { NetworkPassage } from "../src/description.ts";
import { judge } from "../src/judge.ts";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";

const place = { file: "rules", line: 1, column: 1 };
const kept = { source: { kind: "kept" }, isExpected: true, place } as const;
const rewritten = { source: { kind: "interface" }, isExpected: true, place } as const;

const rows: readonly { readonly from: NetworkPassage["from"]; readonly sources: NetworkPassage["sources"]; says: string; finds: string }[] =
  [
    { from: "outside", sources: [kept], says: "peer from outside -> source = peer -> 10.0.0.2:80", finds: "" },
    {
      from: "outside",
      sources: [rewritten],
      says: "peer from outside -> source = address of the interface -> 10.0.0.2:80",
      finds: "error: outside; in",
    },
    {
      from: "outside",
      sources: [{ ...rewritten, condition: "oif lan" }, kept],
      says: "peer from outside -> source = address of the interface if oif lan, else peer -> 10.0.0.2:80",
      finds: "warning: outside; oif lan; in",
    },
    {
      from: "outside",
      sources: [{ ...rewritten, source: { kind: "addresses", text: "10.0.0.1" }, condition: "oif lan", isExpected: false }, kept],
      says: "peer from outside -> source = 10.0.0.1 if oif lan, else peer -> 10.0.0.2:80",
      finds: "note: outside; oif lan; in",
    },
    {
      from: "inside",
      sources: [rewritten],
      says: "peer from inside -> source = address of the interface -> 10.0.0.2:80",
      finds: "note: inside; in",
    },
  ];

test.each(rows)("$says", ({ from, sources, says, finds }) => {
  const passage: NetworkPassage = { kind: "network", product: "nftables", place, name: "in", from, sources, target: "10.0.0.2:80" };
  expect(notationOf(passage)).toBe(says);
  expect(judge([passage]).map(({ severity, what }) => `${severity}: ${what}`)).toEqual(finds === "" ? [] : [finds]);
});

const nft = (rules: string, redirect = "tcp dport 80 dnat to 10.0.0.2"): string => `table ip nat {
chain pre {
type nat hook prerouting priority dstnat; policy accept;
${redirect}
}
chain post {
type nat hook postrouting priority srcnat; policy accept;
${rules}
}
chain sub {
ip daddr 10.0.0.2 return
masquerade
}
}
`;
const iptables = (...rules: readonly string[]): string =>
  [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    "-A PREROUTING -p tcp -m tcp --dport 80 -j DNAT --to-destination 10.0.0.2",
    ...rules,
    "COMMIT",
    "",
  ].join("\n");

/** What becomes of the source of clients from outside that are redirected. */
function sourceIn(text: string): string {
  const { passages } = readConfig({ name: "rules", text });
  const way = passages.find((passage) => passage.kind === "network" && passage.from === "outside");
  return way === undefined ? "nothing" : (notationOf(way).split(" -> ")[1]?.replace("source = ", "") ?? "");
}

describe("rules that only rarely stand in a firewall", () => {
  test.each([
    { rules: nft("jump sub"), says: "peer" }, // the chain returns before
    { rules: nft("ip saddr 198.51.100.0/24 masquerade"), says: "address of the interface if ip saddr 198.51.100.0/24, else peer" },
    { rules: nft("ip saddr 10.0.0.0/8 masquerade"), says: "peer" },
    { rules: nft("ip saddr 0.0.0.0/0 masquerade"), says: "address of the interface" },
    {
      rules: nft("ip saddr & 255.0.0.0 == 10.0.0.0 masquerade"),
      says: "address of the interface if ip saddr & 255.0.0.0 == 10.0.0.0, else peer",
    },
    { rules: nft("ip6 saddr != fd00::/8 masquerade"), says: "peer" },
    { rules: nft("ip saddr @unknown masquerade"), says: "address of the interface if ip saddr @unknown, else peer" },
    {
      rules: nft("ct reply ip saddr 10.0.0.1 masquerade"),
      says: "address of the interface if ct reply ip saddr 10.0.0.1, else peer",
    },
    { rules: nft("ct state new counter packets 1 bytes 2 masquerade random,persistent"), says: "address of the interface" },
    { rules: nft('log prefix "drop masquerade" level debug'), says: "peer" },
    { rules: nft("udp dport 80 masquerade"), says: "peer" },
    { rules: nft("tcp dport { 79-81, 443 } snat to 10.0.0.1-10.0.0.4 persistent"), says: "10.0.0.1-10.0.0.4" },
    { rules: nft("meta mark set 0x1\nmasquerade"), says: "address of the interface" },
    { rules: nft("meta mark 0x1 return\nmasquerade"), says: "peer if meta mark 0x1, else address of the interface" },
    { rules: nft("tcp dport vmap { 80 : accept }\nmasquerade"), says: "peer" },
    { rules: nft("tcp dport vmap { 443 : accept, * : jump sub }\nmasquerade"), says: "address of the interface" },
    { rules: nft("ip daddr vmap { 10.0.0.0/8 : continue, 10.0.0.2 : jump sub }"), says: "peer" },
    {
      rules: nft('oifname "lan" ip saddr vmap { 198.51.100.0/24 : goto sub2 }\nmasquerade\n}\nchain sub2 {\nsnat to 10.0.0.9'),
      says: '10.0.0.9 if oifname "lan" ip saddr 198.51.100.0/24, else address of the interface',
    },
    {
      rules: nft("ip saddr . tcp dport vmap { 10.0.0.1 . 80 : accept }"),
      says: "? (ip saddr . tcp dport vmap { 10.0.0.1 . 80 : accept })",
    },
    { rules: nft("ip saddr vmap @where"), says: "? (ip saddr vmap @where)" },
    { rules: nft("jump nowhere"), says: "? (nowhere)" },
    { rules: nft("masquerade", "tcp dport 80 redirect to :8080"), says: "peer" }, // it stays here, and leaves by no interface
    { rules: nft("masquerade", "accept\ntcp dport 80 dnat to 10.0.0.2"), says: "address of the interface" }, // the redirection is never met
    { rules: nft("masquerade").replaceAll("type nat", "type filter"), says: "peer" },
    { rules: `define INNER = { 10.0.0.0/8 }\n${nft("ip saddr $INNER masquerade")}`, says: "peer" },
    {
      rules: `define INNER = { 10.0.0.0/8 }\nredefine INNER = 0.0.0.0/0\n${nft("ip saddr $INNER masquerade")}`,
      says: "address of the interface",
    },
    {
      rules: `define INNER = 10.0.0.0/8\nundefine INNER\n${nft("ip saddr $INNER masquerade")}`,
      says: "address of the interface if ip saddr $INNER, else peer",
    },
    {
      rules: iptables("-A POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN", "-A POSTROUTING -j MASQUERADE"),
      says: "peer if ! --mark 0x4000/0x4000, else address of the interface",
    },
    {
      rules: iptables(
        '-A POSTROUTING -j LOG --log-prefix "-j MASQUERADE"',
        "-A POSTROUTING -p tcp -m multiport --dports 79:81,443 -j MASQUERADE",
      ),
      says: "address of the interface",
    },
    { rules: iptables("-A POSTROUTING -m conntrack --ctstate NEW --ctstatus DNAT -j SNAT --to-source 10.0.0.1"), says: "10.0.0.1" },
    { rules: iptables("-A POSTROUTING -d 10.0.0.0/24 -j NETMAP --to 10.1.0.0/24"), says: "? (NETMAP)" },
    { rules: "*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n", says: "peer" },
  ])("$rules", ({ rules, says }) => expect(sourceIn(rules)).toBe(says));
});

test("what cannot be read of a firewall is told with its place", () => {
  const issuesIn = (text: string): readonly string[] =>
    readConfig({ name: "rules", text }).issues.map(({ code, place: { line } }) => `${code} ${line}`);
  expect(issuesIn(`${nft("")}add rule ip nat post masquerade\n}\ntable ip x {\nchain y {\n`)).toEqual([
    "CONFIG_UNEXPECTED 16",
    "CONFIG_NOT_CLOSED 17",
    "CONFIG_UNEXPECTED 15",
  ]);
  expect(issuesIn(nft("ip saddr . tcp dport vmap { 10.0.0.1 . 80 : accept }"))).toEqual(["CONFIG_UNEXPECTED 8"]);
  expect(issuesIn("*nat\n:POSTROUTING ACCEPT [0:0]\n-A NOWHERE -j ACCEPT\n-A POSTROUTING -j ACCEPT\n")).toEqual([
    "CONFIG_UNEXPECTED 3",
    "CONFIG_NOT_CLOSED 1",
  ]);
});

test("what changes the source outside of nat is told with its line", () => {
  const issuesIn = (text: string): readonly string[] =>
    readConfig({ name: "rules", text }).issues.map(({ code, given }) => `${code} ${given}`);
  const table = (family: string, type: string, ...rules: readonly string[]): string =>
    `table ${family} x {\nchain c {\ntype ${type} hook prerouting priority raw;\n${rules.join("\n")}\n}\n}\n`;
  expect(
    issuesIn(
      [
        table("ip", "filter", "tcp dport 80 notrack", "ip saddr set 10.0.0.1", "ip saddr 10.0.0.2 drop", 'log prefix "notrack"'),
        table("inet", "filter", "meta l4proto tcp tproxy to :50080"),
        table("netdev", "filter", "ip saddr set 10.0.0.3"),
      ].join(""),
    ),
  ).toEqual([
    "CONFIG_NOT_UNDERSTOOD tcp dport 80 notrack",
    "CONFIG_NOT_UNDERSTOOD ip saddr set 10.0.0.1",
    "CONFIG_NOT_UNDERSTOOD meta l4proto tcp tproxy to :50080",
    "CONFIG_NOT_UNDERSTOOD ip saddr set 10.0.0.3",
  ]);
  const lines = ["-A PREROUTING -p tcp -j TPROXY --on-port 50080", "-A PREROUTING -j CT --notrack", '-A X -j LOG --log-prefix "-j TPROXY"'];
  expect(issuesIn(`*mangle\n:X - [0:0]\n${lines.join("\n")}\nCOMMIT\n`)).toEqual(
    lines.slice(0, 2).map((line) => `CONFIG_NOT_UNDERSTOOD ${line}`),
  );
});

test("chains that lead to each other, and conditions without end, end at a limit", () => {
  const round = nft("jump sub").replace("ip daddr 10.0.0.2 return", "jump sub");
  expect(sourceIn(round)).toBe("? (sub)");
  const many = Array.from({ length: 40 }, (_, mark) => `meta mark ${mark} jump sub\nmeta mark ${mark} masquerade`).join("\n");
  expect(sourceIn(nft(many))).toMatch(/else \? \(too many rules\)$/);
});
