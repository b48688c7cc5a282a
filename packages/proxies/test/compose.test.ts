import { expect, test } from "vitest";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";

const compose = (lines: string): string => `services:\n  app:\n    image: app\n${lines.replace(/^/gm, "    ")}\n`;
/** Line, name and what is done, of each way. */
const told = (text: string): readonly string[] =>
  readConfig({ name: "compose.yaml", text }).passages.map(
    (passage) =>
      `${passage.place.line} ${passage.name}: ${notationOf(passage)
        .replace(/^peer /, "")
        .replace("-> client = ", "")}`,
  );

const loopback = "first untrusted from the right of X-Forwarded-For, from 127.0.0.1/32";
const one = "first untrusted from the right of X-Forwarded-For, from 10.0.0.1/32";
const published =
  "from outside -> source = address of the interface if userland-proxy: IPv6 without ip6tables, rootless, from the host; swarm: mode ingress, else peer";

test.each([
  { says: "a command", lines: "command: uvicorn main:app --port 80", ways: [`4 app: main:app: ${loopback}`] },
  {
    says: "a command as a list",
    lines: "command:\n  - uvicorn\n  - main:app\n  - --forwarded-allow-ips=10.0.0.1",
    ways: [`5 app: main:app: ${one}`],
  },
  {
    says: "a shell",
    lines: `command: ["sh", "-c", "exec uvicorn main:app --forwarded-allow-ips '10.0.0.1'"]`,
    ways: [`4 app: main:app: ${one}`],
  },
  {
    says: "an entrypoint with a command",
    lines: 'entrypoint: ["gunicorn", "-k", "uvicorn.workers.UvicornWorker"]\ncommand: ["main:app", "--forwarded-allow-ips", "10.0.0.1"]',
    ways: [`4 app: main:app: ${one}`],
  },
  {
    says: "a variable",
    lines: "environment:\n  FORWARDED_ALLOW_IPS: 10.0.0.1\ncommand: uvicorn main:app",
    ways: [`6 app: main:app: ${one}`],
  },
  {
    says: "a variable in a list",
    lines: "environment:\n  - FORWARDED_ALLOW_IPS=10.0.0.1\ncommand: uvicorn main:app",
    ways: [`6 app: main:app: ${one}`],
  },
  {
    says: "a variable of whoever starts it",
    lines: "environment:\n  - FORWARDED_ALLOW_IPS\ncommand: uvicorn main:app",
    ways: ["6 app: main:app: ? ($FORWARDED_ALLOW_IPS)"],
  },
  { says: "a file of variables", lines: "env_file: .env\ncommand: uvicorn main:app", ways: ["5 app: main:app: ? ($env_file)"] },
  {
    says: "a variable for what the image starts",
    lines: 'environment: { FORWARDED_ALLOW_IPS: "*" }',
    ways: ["4 app: ? (FORWARDED_ALLOW_IPS=*)"],
  },
  {
    says: "published ports",
    lines: 'ports:\n  - "127.0.0.1:8080:80"\n  - 9000\n  - target: 81\n    published: "8081"\n    host_ip: 10.0.0.1\n    mode: host',
    ways: [
      `5 app: 127.0.0.1:8080: ${published} -> app:80`,
      `6 app: : ${published} -> app:9000`,
      `7 app: 10.0.0.1:8081: ${published.replace("; swarm: mode ingress", "")} -> app:81`,
    ],
  },
  {
    says: "colons in variables",
    lines: 'ports: ["${OUT:-8080}:${IN:-80}", "${ALL:-1:2}"]',
    ways: [`4 app: $\{OUT:-8080}: ${published} -> app:$\{IN:-80}`, `4 app: : ${published} -> app:$\{ALL:-1:2}`],
  },
  { says: "the network of the host", lines: 'network_mode: host\nports: ["80:80"]', ways: [] },
])("$says", ({ lines, ways }) => expect(told(compose(lines))).toEqual(ways));

test("what is extended, merged or named and is not there is told with its line", () => {
  const text = [
    "services:",
    "  round:",
    "    extends: other",
    "  other:",
    "    extends: round",
    "    ports: [1]",
    "  nothing:",
    "    extends: absent",
    "  away:",
    "    extends:",
    "      file: ../away.yml",
    "      service: a",
    "  filed:",
    "    command: uvicorn a:b",
    "    env_file: away.env",
    "  loose: *nowhere",
    "include: [more.yml]",
  ].join("\n");
  const { issues, passages } = readConfig({ name: "compose.yaml", text });
  expect(issues.map(({ code, place, given }) => `${code} ${place.line} ${given}`)).toEqual([
    "CONFIG_UNEXPECTED 17 include",
    "CONFIG_UNEXPECTED 16 loose",
    "CONFIG_UNEXPECTED 3 extends other",
    "CONFIG_UNEXPECTED 8 extends absent",
    "CONFIG_INCLUDE_UNREAD 11 ../away.yml",
    "CONFIG_UNEXPECTED 11 extends a",
    "CONFIG_INCLUDE_UNREAD 15 away.env",
  ]);
  expect(passages.map(({ name }) => name)).toEqual(["round: ", "other: ", "filed: a:b"]);
});

test("published ports are a note, and what is counted and what is not understood is told", () => {
  const { kind, findings, issues, others } = readConfig({
    name: "stack.yml",
    text: compose('ports: ["80:80", "81:81"]\nextends: base\nrestart: always'),
  });
  expect({
    kind,
    findings: findings.map(({ severity, code, what }) => `${severity} ${code} ${what}`),
    issues: issues.map(({ code, place }) => `${code} ${place.line}`),
    others,
  }).toEqual({
    kind: "compose",
    findings: ["note FINDING_PORT_PUBLISHED app: 80, app: 81"],
    issues: ["CONFIG_UNEXPECTED 5"],
    others: { image: 1, restart: 1 },
  });
});

test("what is no compose file ends at its faults and limits", () => {
  const codes = (text: string): readonly string[] => readConfig({ name: "compose.yaml", text }).issues.map(({ code }) => code);
  expect(codes("services:\n  a: [1\n")).toContain("CONFIG_UNEXPECTED");
  expect(codes("services:\n  a: *b\n").length).toBeGreaterThan(0);
  expect(codes("[".repeat(100_000)).length).toBeGreaterThan(0);
  expect(codes(`# ${"x".repeat(1_048_576)}`)).toEqual(["CONFIG_LIMIT_REACHED"]);
});

test("what is laid over another file is joined with it, unless its tag says otherwise", () => {
  const base = compose('command: uvicorn main:app\nports: ["80:80"]\nenvironment: { FORWARDED_ALLOW_IPS: "*" }');
  const over = (lines: string): ReturnType<typeof readConfig> =>
    readConfig(
      { name: "compose.yaml", text: base },
      { include: (name) => ({ files: name === "compose.override.yml" ? [{ name, text: compose(lines) }] : [], skipped: [] }) },
    );
  const waysOf = (lines: string): readonly string[] =>
    over(lines).passages.map((passage) => `${passage.name} ${passage.kind === "service" ? passage.client.kind : ""}`.trim());
  expect(waysOf('ports: ["81:81"]')).toEqual(["app: 80", "app: 81", "app: main:app header"]);
  expect(waysOf('ports: !override ["81:81"]')).toEqual(["app: 81", "app: main:app header"]);
  expect(waysOf("ports: !reset []\ncommand: !reset null\nenvironment: !reset {}")).toEqual([]);
  expect(over("ports: !reset null").issues).toEqual([]);
});
