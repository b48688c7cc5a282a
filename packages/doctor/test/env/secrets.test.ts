import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { LANGUAGES } from "@wherefrom/diagnosis";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { envExaminationJson } from "../../src/env-files/env-json.ts";
import { examineEnvTree } from "../../src/env-files/examine.ts";
import { proposeEnvPatch } from "../../src/env-files/patch.ts";
import { scanEnvTree } from "../../src/env-files/scan.ts";
import { createVeil, endpointOf } from "../../src/env-files/secret.ts";
import { envDocument } from "../../src/report/env-report.ts";
import { REPORT_FORMATS, writeDocument } from "../../src/report/write-document.ts";
import { layTree } from "./tree-cases.ts";

let laid: ReturnType<typeof layTree> | undefined;
afterEach(() => laid?.remove());

/** Everything that a user or a program gets to see of a tree. */
async function everyOutput(files: Record<string, string>, environment?: ReadonlyMap<string, string>): Promise<string> {
  laid = layTree({ files });
  const tree = await scanEnvTree(laid.root);
  const found = examineEnvTree(tree, environment === undefined ? {} : { environment });
  const veil = createVeil();
  const reports = LANGUAGES.flatMap((language) =>
    REPORT_FORMATS.flatMap((format) =>
      [true, false].map((showsAll) => writeDocument(envDocument([{ tree, found }], { language, veil }), { format, showsAll })),
    ),
  );
  laid.remove();
  laid = undefined;
  return [JSON.stringify(envExaminationJson(tree, { found, veil })), ...reports].join("\n");
}

const SECRET = "S3cr3t0fN0b0dy";
const keys = ["API_TOKEN", "DB_PASSWORD", "PLAIN", "SERVER_URL", "HOST", "REDIS_URL", "AWS_SECRET_ACCESS_KEY"];

test("no value is shown anywhere, whatever line it stands on", async () => {
  const lines = [
    `${SECRET}`,
    `"${SECRET}"`,
    `'${SECRET}`,
    `${SECRET}\r`,
    `http://user:${SECRET}@a.example:1/x`,
    `https://a.example/?token=${SECRET}`,
    `postgres://${SECRET}@db.example/x`,
    `\${A}${SECRET}`,
  ];
  const line = fc
    .tuple(fc.constantFrom(...keys), fc.constantFrom("=", " = ", ": "), fc.constantFrom(...lines))
    .map((parts) => parts.join(""));
  const file = fc.array(line, { minLength: 1, maxLength: 6 }).map((all) => all.join("\n"));
  await fc.assert(
    fc.asyncProperty(file, file, async (first, second) => {
      const compose = `services:\n  web:\n    env_file: .env\n    environment:\n      API_TOKEN: "${SECRET}"\n`;
      const sources = {
        "app/main.py": "from dotenv import load_dotenv\nload_dotenv()\n",
        "app/compose.yaml": compose,
        "app/run.sh": `A=${SECRET}; . ./.env\n`,
      };
      const told = await everyOutput({ "app/.env": first, ".env": second, ...sources }, new Map([["PLAIN", `${SECRET}x`]]));
      expect(told).not.toContain(SECRET);
    }),
    { numRuns: 25 },
  );
});

describe("a key is shown when somebody would name a setting so", () => {
  const { keyOf } = createVeil();

  test.each(["SERVER_URL", "server.url", "\ufeffHOST", "export HOST", "camelCaseName", "apiKey2"])("%s is shown", (key) => {
    expect(keyOf(key)).toBe(key);
  });

  // what stands before the = padding of a secret in Base64 that goes over several lines
  test.each(["MIIEvQIBADANBgkqhkiG9w0BAQ", "A: value\nB", "a b", "x".repeat(65), "k3Y"])("%s is a tag", (key) => {
    expect(keyOf(key)).toMatch(/^#[0-9a-f]{8}$/);
  });
});

describe("of an endpoint only scheme, host and port are shown", () => {
  const rows: { key: string; value: string; shown: string | undefined }[] = [
    { key: "SERVER_URL", value: "wss://user:pw@Old.Example:8443/ws?key=1#x", shown: "wss://old.example:8443" },
    { key: "ANY", value: "http://10.0.0.1", shown: "http://10.0.0.1" },
    { key: "ANY", value: "http://[2001:db8::1]:80/", shown: "http://[2001:db8::1]:80" },
    { key: "HOST", value: "36.1.2.3:18000", shown: "36.1.2.3:18000" },
    { key: "MQTT_BROKER", value: "broker.example", shown: "broker.example" },
    { key: "HOST", value: "localhost", shown: "localhost" },
    { key: "ANY", value: "36.1.2.3", shown: undefined }, // without a scheme the key has to say that it is one
    { key: "HOST", value: "hunter2", shown: undefined }, // a word may be a password in the wrong place
    { key: "HOST", value: "a b.example", shown: undefined },
    { key: "API_TOKEN", value: "http://secret.example", shown: undefined },
    { key: "DB_PASSWORD", value: "pw.example:1", shown: undefined },
    { key: "SERVER_URL", value: "javascript:alert(1)", shown: undefined },
    { key: "SERVER_URL", value: "http://a.example\n@evil", shown: undefined },
  ];

  test.each(rows)("$key=$value shows $shown", ({ key, value, shown }) => {
    expect(endpointOf(key, value)).toBe(shown);
  });
});

test("tags are equal for equal values of one report, and for no other report", () => {
  const [first, second] = [createVeil(), createVeil()];
  expect(first.tagOf("a")).toBe(first.tagOf("a"));
  expect(first.tagOf("a")).not.toBe(first.tagOf("b"));
  expect(first.tagOf("a")).not.toBe(second.tagOf("a"));
});

describe("the patch", () => {
  const files = {
    "a/.env": "\ufeffHOST=a.example\r\nMODE=1\nMODE=2",
    "b/.env": "TEXT='two\nlines'\nTEXT=one\nX=1\nX=$X\n",
    "b/.env.example": "\ufeffMODE=1\n",
  };

  test.each([
    { tool: "git", apply: ["git", "apply", "--unidiff-zero", "x.patch"] },
    { tool: "patch", apply: ["patch", "-p1", "-s", "-i", "x.patch"] },
  ])("applies with $tool, takes no line away, and leaves nothing to warn of in the bytes", async ({ apply }) => {
    laid = layTree({ files });
    const tree = await scanEnvTree(laid.root);
    const patch = proposeEnvPatch(tree, examineEnvTree(tree));
    writeFileSync(join(laid.root, "x.patch"), patch.text);
    execFileSync(apply[0] ?? "", apply.slice(1), { cwd: laid.root, env: { ...process.env, GIT_CEILING_DIRECTORIES: laid.root } });
    const after = await scanEnvTree(laid.root);
    expect(after.files.get("a/.env")?.source.text).toBe("HOST=a.example\n# MODE=1\nMODE=2");
    // a value over two lines is left alone, and so is a key that the next line fills in
    expect(after.files.get("b/.env")?.source.text).toBe(files["b/.env"]);
    expect(after.files.get("b/.env.example")?.source.text).toBe(files["b/.env.example"]);
    expect(patch).toMatchObject({ files: 1, lines: 2 });
    expect(examineEnvTree(after).findings.filter(({ path }) => path === "a/.env")).toEqual([]);
  });
});
