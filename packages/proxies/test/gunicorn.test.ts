import { describe, expect, test } from "vitest";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";
import type { Included } from "../src/source.ts";

const told = (name: string, text: string): { readonly says: string; readonly finds: readonly string[] } => {
  const { passages, findings } = readConfig({ name, text });
  const [passage] = passages;
  if (passages.length !== 1 || passage === undefined) throw new Error(`${passages.length} ways`);
  return {
    says: notationOf(passage).replace(/^peer -> /, ""),
    finds: findings.map(({ code, place }) => `${code.replace("FINDING_", "")} ${place.line}`),
  };
};

const uvicorn = 'worker_class = "uvicorn.workers.UvicornWorker"\n';
const loopback = "client = first untrusted from the right of X-Forwarded-For, from 127.0.0.1/32 ::1/128";

describe("gunicorn.conf.py", () => {
  test.each([
    { text: "workers = 4\n", says: "client = peer", finds: [] },
    { text: 'forwarded_allow_ips = "*"\n', says: "client = peer", finds: ["SETTING_WITHOUT_EFFECT 1"] },
    { text: uvicorn, says: loopback, finds: [] },
    {
      text: `${uvicorn}forwarded_allow_ips: str = "*"  # all\n`,
      says: "client = leftmost of X-Forwarded-For, from everybody",
      finds: ["TRUSTS_EVERYONE 2"],
    },
    {
      text: `PROXY = "10.0.0.1"\n${uvicorn}forwarded_allow_ips = PROXY\n`,
      says: "client = first untrusted from the right of X-Forwarded-For, from 10.0.0.1/32",
      finds: [],
    },
    {
      text: `import os\n${uvicorn}forwarded_allow_ips = os.environ["A"]\n`,
      says: 'client = ? (os.environ["A"])',
      finds: ["TRUST_UNKNOWN 3"],
    },
    { text: `${uvicorn}if debug:\n    forwarded_allow_ips = "*"\n`, says: "client = ? (if debug:)", finds: ["TRUST_UNKNOWN 2"] },
    { text: `${uvicorn}from common import *\n`, says: "client = ? (from common import *)", finds: ["TRUST_UNKNOWN 2"] },
    {
      text: `${uvicorn}forwarded_allow_ips = "10.0.0.1"\nforwarded_allow_ips += ",*"\n`,
      says: 'client = ? (forwarded_allow_ips += ",*")',
      finds: ["TRUST_UNKNOWN 3"],
    },
    {
      text: `${uvicorn}def on_starting(server):\n    global forwarded_allow_ips\n    forwarded_allow_ips = "*"\n`,
      says: "client = ? (def on_starting(server):)",
      finds: ["TRUST_UNKNOWN 2"],
    },
    { text: 'worker_class = "my.Worker"\n', says: "client = ? (my.Worker)", finds: ["TRUST_UNKNOWN 1"] },
    {
      text: "proxy_protocol = True\n",
      says: "PROXY protocol from 127.0.0.1/32 ::1/128 -> client = PROXY protocol, from 127.0.0.1/32 ::1/128",
      finds: [],
    },
    {
      text: 'proxy_protocol = "auto"\nproxy_allow_ips = "*"\n',
      says: "PROXY protocol from everybody -> client = PROXY protocol, from everybody",
      finds: ["PREAMBLE_FROM_ANYONE 2"],
    },
    { text: 'proxy_protocol = "off"\n', says: "client = peer", finds: [] },
    { text: `${uvicorn}proxy_protocol = True\n`, says: loopback, finds: ["SETTING_WITHOUT_EFFECT 2"] },
  ])("$text", ({ text, says, finds }) => expect(told("gunicorn.conf.py", text)).toEqual({ says, finds }));
});

describe("command lines of gunicorn", () => {
  test.each([
    { text: "web: gunicorn app:app --workers 2", says: "client = peer" },
    {
      text: "web: FORWARDED_ALLOW_IPS=10.0.0.1 gunicorn app:app -k uvicorn.workers.UvicornWorker",
      says: "client = first untrusted from the right of X-Forwarded-For, from 10.0.0.1/32",
    },
    {
      text: 'web: GUNICORN_CMD_ARGS="--proxy-protocol --proxy-allow-from=10.0.0.1" gunicorn app:app --proxy-allow-from 10.0.0.2',
      says: "PROXY protocol from 10.0.0.2/32 -> client = PROXY protocol, from 10.0.0.2/32",
    },
    { text: "web: gunicorn app:app -k $WORKER", says: "client = ? ($WORKER)" },
    { text: "web: gunicorn -c python:conf app:app", says: "client = ? (python:conf)" },
    { text: "web: gunicorn -c missing.py app:app", says: "client = ? (missing.py)" },
  ])("$text", ({ text, says }) => expect(told("Procfile", text).says).toBe(says));
});

test("installing a program is not starting it", () => {
  expect(readConfig({ name: "Dockerfile", text: "RUN pip install uvicorn gunicorn\n" }).passages).toEqual([]);
});

test("what is no Python is told with its place, and what is too large or too deep is not guessed at", () => {
  expect(readConfig({ name: "gunicorn.conf.py", text: "a = 1\n)) b\n" }).issues.map(({ place }) => place.line)).toContain(2);
  const large = `# ${"x".repeat(1_048_576)}\n`;
  const { passages, issues } = readConfig({ name: "gunicorn.conf.py", text: large });
  expect({ passages, codes: issues.map(({ code }) => code) }).toEqual({ passages: [], codes: ["CONFIG_LIMIT_REACHED"] });
  const include = (name: string): Included => ({ files: [{ name, text: large }], skipped: [] });
  expect(readConfig({ name: "Procfile", text: "web: gunicorn -c large.py app:app" }, { include }).passages[0]).toMatchObject({
    client: { kind: "unknown", why: "large.py" },
  });
  const nested = (depth: number): string => `worker_class = ${"(".repeat(depth)}"sync"${")".repeat(depth)}\n`;
  const deep = readConfig({ name: "gunicorn.conf.py", text: nested(501) });
  expect({ passages: deep.passages, codes: deep.issues.map(({ code }) => code) }).toEqual({
    passages: [],
    codes: ["CONFIG_LIMIT_REACHED"],
  });
  const shallow = readConfig({ name: "gunicorn.conf.py", text: nested(500) });
  expect(shallow).toMatchObject({ passages: [{ client: { kind: "unknown" } }], issues: [] });
});
