import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openConfig } from "@wherefrom/doctor";
import { notationOf, readConfig } from "@wherefrom/proxies";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { findExecutable } from "../tools/capabilities.mjs";
import { requires } from "./requirement.ts";

// one project with a service for each row; what docker-compose says that it comes to has no extends, no merges and no files any more
const app = "uvicorn main:app";
const services: Readonly<Record<string, string>> = {
  "plain-port": `command: ${app}\nports: ["8000:80", "127.0.0.1:8001:81", 82, "8083:83/udp"]`,
  "long-port": "ports:\n  - target: 80\n    published: 8010\n  - target: 81\n    published: 8011\n    protocol: udp",
  "host-network": "network_mode: host",
  "variable-map": `command: ${app}\nenvironment:\n  FORWARDED_ALLOW_IPS: 10.0.0.1`,
  "variable-list": `command: ${app}\nenvironment:\n  - FORWARDED_ALLOW_IPS=10.0.0.2\n  - OTHER=1`,
  "variable-file": `command: ${app}\nenv_file: own.env`,
  "variable-of-the-last-file": `command: ${app}\nenv_file: [other.env, own.env]`,
  "variable-before-a-file": `command: ${app}\nenv_file: own.env\nenvironment:\n  FORWARDED_ALLOW_IPS: 10.0.0.3`,
  "file-without-it": `command: ${app}\nenv_file: nothing.env`,
  extending: "extends: base\nports: ['8020:90']",
  "extending-with-a-command": "extends:\n  service: base\ncommand: uvicorn other:app --forwarded-allow-ips 10.0.0.4",
  "extending-with-a-variable": "extends: base\nenvironment:\n  FORWARDED_ALLOW_IPS: 10.0.0.5",
  "extending-what-extends": "extends: extending",
  "extending-another-file": "extends:\n  file: common/common.yml\n  service: shared",
  "the-same-port-twice": "extends: base\nports: ['8021:80']",
  aliased: "command: *start\nenvironment: *trusting",
  merged: `<<: *defaults\nenvironment:\n  FORWARDED_ALLOW_IPS: 10.0.0.6`,
  "merged-environment": `command: ${app}\nenvironment:\n  <<: *trusting\n  OTHER: 1`,
  "merged-list": `<<: [*defaults, *others]\nports: ["8030:80"]`,
  "laid-over": `command: ${app}\nports: ["8040:80"]\nenvironment: ["FORWARDED_ALLOW_IPS=10.0.0.7"]`,
  "in-a-profile": `command: ${app}\nprofiles: [debug]`,
  gunicorn: 'entrypoint: ["gunicorn", "-k", "uvicorn.workers.UvicornWorker"]\ncommand: ["main:app", "--forwarded-allow-ips", "10.0.0.8"]',
};
/** What whoever starts it decides: nobody can say it beforehand. */
const decided: Readonly<Record<string, string>> = {
  "variable-of-the-shell": `command: ${app}\nenvironment:\n  - FORWARDED_ALLOW_IPS`,
  "interpolated-variable": `command: ${app}\nenvironment:\n  FORWARDED_ALLOW_IPS: "\${TRUSTED:-10.0.0.9}"`,
  "interpolated-command": `command: ${app} --forwarded-allow-ips \${TRUSTED}`,
  "interpolated-by-the-file": `command: ${app} --forwarded-allow-ips \${FROM_FILE}`,
};

const indented = (text: string): string => text.replace(/^/gm, "    ");
const serviceText = ([name, lines]: readonly [string, string]): string => `  ${name}:\n    image: app\n${indented(lines)}\n`;
const files: Readonly<Record<string, string>> = {
  "docker-compose.yml": [
    'version: "2.4"',
    `x-start: &start ${app}`,
    "x-trusting: &trusting\n  FORWARDED_ALLOW_IPS: 10.0.1.1",
    `x-defaults: &defaults\n  command: ${app}\n  ports: ["8100:80"]`,
    "x-others: &others\n  command: uvicorn nobody:app\n  environment:\n    FORWARDED_ALLOW_IPS: 10.0.1.2",
    "services:",
    `  base:\n    image: app\n    command: ${app}\n    env_file: own.env\n    ports: ["8110:80"]`,
    ...Object.entries({ ...services, ...decided }).map(serviceText),
  ].join("\n"),
  "docker-compose.override.yml": `version: "2.4"\nservices:\n  laid-over:\n    command: uvicorn over:app\n    ports: ["8041:81"]\n  only-there:\n    image: app\n    command: ${app}\n`,
  "common/common.yml": `version: "2.4"\nservices:\n  shared:\n    image: app\n    command: ${app}\n    env_file: shared.env\n`,
  "common/shared.env": "FORWARDED_ALLOW_IPS=10.0.2.1\n",
  "own.env": "# ours\nOTHER=1\nFORWARDED_ALLOW_IPS=10.0.2.2\n",
  "other.env": "FORWARDED_ALLOW_IPS=10.0.2.3\n",
  "nothing.env": "OTHER=1\n",
  ".env": "FROM_FILE=10.0.2.4\n",
};

const machine = requires("docker-compose");
beforeEach(machine.check);
let folder: string;
/** What each service comes to, by what is written and by what docker-compose says of it. */
let written: ReadonlyMap<string, readonly string[]>;
let said: ReadonlyMap<string, readonly string[]>;

beforeAll(() => {
  if (!machine.isMet) return;
  folder = mkdtempSync(join(tmpdir(), "wherefrom-compose-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const env = { PATH: process.env["PATH"], HOME: folder, TRUSTED: "10.0.3.1", FORWARDED_ALLOW_IPS: "10.0.3.2" };
  const text = execFileSync(String(findExecutable("docker-compose")), ["config"], { cwd: folder, env, encoding: "utf8" });
  const { source, include } = openConfig(join(folder, "docker-compose.yml"));
  const reading = readConfig(source, { include });
  expect(reading.issues).toEqual([]);
  written = byService(reading);
  said = byService(readConfig({ name: "said.yaml", text }, { kind: "compose" }));
});
afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true });
});

function byService({ passages }: ReturnType<typeof readConfig>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const passage of passages) {
    const name = passage.name.split(":")[0] ?? "";
    found.set(name, [...(found.get(name) ?? []), `${passage.name} ${notationOf(passage)}`].toSorted());
  }
  return found;
}

test.each([...Object.keys(services), "base", "only-there"])("%s comes to what docker-compose says", (name) => {
  expect(written.get(name)).toEqual(said.get(name));
});

test.each(Object.keys(decided))("%s is told as not known, which docker-compose decides by its environment", (name) => {
  expect(written.get(name)).toEqual([expect.stringContaining("client = ? (")]);
  expect(said.get(name)).toEqual([expect.stringMatching(/from 10\.0\.[0-9.]+\/32$/)]);
});
