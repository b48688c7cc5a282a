import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./command.ts";
import { folderOf } from "./folder.ts";

const server = { "peer.isDefaultGateway": true, "peer.constant": true, "hdr.forwarding": "none", "rt.container": "no" };
const neighbour = { "cmp.otherServiceReal": true, "tcp.rttRatio": 1 };

const folder = folderOf({
  "server.json": server,
  "neighbour.json": neighbour,
  "faulty.json": { nope: 1, "peer.constant": "yes" },
  "broken.json": "{",
});
const at = (name: string): string => join(folder, name);
const diagnose = (...args: readonly string[]) => runCommand(["doctor", "diagnose", ...args]);

test("--json has the causes with their evidence, and says what to examine next", async () => {
  const { code, stdout } = await diagnose("--facts", at("server.json"), "--json");
  const told = JSON.parse(stdout);
  expect({ code, keys: Object.keys(told) }).toEqual({ code: 0, keys: ["version", "causes", "undecided", "nextTest", "advice"] });
  expect(told).toMatchObject({ undecided: true, nextTest: "T4" });
  expect(told.causes).toHaveLength(54);
  expect(told.causes[0]).toMatchObject({
    id: "snat-on-dnat-policy",
    for: [{ signal: "peer.isDefaultGateway", value: true, weight: 4 }, {}, {}],
    against: [],
  });
});

test("facts of several sources are joined, standard input among them", async () => {
  const args = ["doctor", "diagnose", "--facts", at("server.json"), "--facts", "-", "--json"];
  const { stdout } = await runCommand(args, { stdin: `\uFEFF${JSON.stringify(neighbour)}` });
  expect(JSON.parse(stdout)).toMatchObject({ undecided: false, nextTest: null, advice: { causes: [{ id: "snat-on-dnat-policy" }] } });
});

const reports = [
  { args: [], starts: "Why the client address is wrong\n", holds: "Run T17 first." },
  { args: ["--language", "zh"], starts: "客户端地址为什么不对\n", holds: "请先执行 T17。" },
  {
    args: ["--language", "ja", "--format", "markdown"],
    starts: "# クライアントアドレスが誤っている理由\n",
    holds: "先に T17 を行ってください。",
  },
  { args: ["--format", "html"], starts: '<!doctype html>\n<html lang="en">', holds: "    set nat disable" },
];

test.each(reports)("with $args the report starts with «$starts»", async ({ args, starts, holds }) => {
  const { code, stdout, stderr } = await diagnose("--facts", at("server.json"), "--facts", JSON.stringify(neighbour), ...args);
  expect({ code, stderr, start: stdout.slice(0, starts.length) }).toEqual({ code: 0, stderr: "", start: starts });
  expect(stdout).toContain(holds);
});

const faults = [
  { args: [], says: ["Give what is known", "[USAGE_OPTION_MISSING]"] },
  { args: ["--probe", at("server.json")], says: ["is not what wherefrom doctor probe --json wrote", "[DOCTOR_PROBE_UNREADABLE]"] },
  { args: ["--facts", at("nowhere.json")], says: ["[DOCTOR_FACTS_UNREADABLE]"] },
  { args: ["--facts", at("broken.json")], says: ["[DOCTOR_FACTS_NOT_JSON]"] },
  { args: ["--facts", "{}", "--language", "xx"], says: ["Allowed choices are en, zh, ja"] },
  {
    args: ["--facts", at("faulty.json"), "--facts", '{"peer.scope": 1}'],
    says: [
      "faulty.json: The facts have 2 faults\n",
      "/nope: ",
      "/peer.constant: Expected true or false",
      "--facts: The facts have one fault\n",
      "/peer.scope: ",
    ],
  },
  {
    args: ["--facts", at("server.json"), "--facts", '{"peer.constant": false}'],
    says: ["/peer.constant: Expected true, as said before, received false (FACTS_CONTRADICT)"],
  },
];

test.each(faults)("with $args it ends with 2 and says all faults", async ({ args, says }) => {
  const finished = await diagnose(...args);
  expect(finished).toMatchObject({ code: 2, stdout: "" });
  for (const text of says) expect(finished.stderr).toContain(text);
});
