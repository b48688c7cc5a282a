import { expect, test } from "vitest";
import { formatFinding } from "../finding.ts";
import { checkFloors } from "../floors.ts";
import { treeAt, treeOf } from "../tree.ts";

/** What the floors say of a few files. Each file is one line of code, so the line number is the row's own. */
function findingsOf(files: Record<string, string>): string[] {
  return checkFloors(treeOf(files)).findings.map(({ file, line, what }) => `${file}:${line} ${what}`);
}

const cli = "packages/cli/src/main.ts";
const control = "packages/control/src/control.ts";
const gateway = "packages/gateway/src/gateway.ts";
const model = "packages/model/src/route.ts";
const ip = "packages/wherefrom/src/ip/address.ts";
const resolver = "packages/wherefrom/src/resolve/resolver.ts";
const node = "packages/wherefrom/src/adapters/node.ts";

const refused = [
  {
    says: "an import that goes up",
    file: model,
    code: 'import { openGateway } from "@wherefrom/gateway";',
    finding: "model imports gateway",
  },
  { says: "an import that goes sideways", file: gateway, code: 'import "@wherefrom/control";', finding: "gateway imports control" },
  {
    says: "a type that goes sideways",
    file: control,
    code: 'import type { Gateway } from "@wherefrom/gateway";',
    finding: "control imports gateway",
  },
  { says: "an export-from that goes up", file: model, code: 'export * from "@wherefrom/cli";', finding: "model imports cli" },
  { says: "a dynamic import that goes up", file: model, code: 'const m = await import("@wherefrom/cli");', finding: "model imports cli" },
  { says: "a computed import", file: cli, code: "const m = await import(name);", finding: "imports a module by a computed name" },
  {
    says: "a computed import in a template",
    file: cli,
    code: "await import(`./${name}.ts`);",
    finding: "imports a module by a computed name",
  },
  { says: "a package without a floor", file: cli, code: 'import "@wherefrom/attic";', finding: "package attic has no floor" },
  { says: "a package that imports itself", file: cli, code: 'import "@wherefrom/cli";', finding: "cli imports itself by name" },
  {
    says: "a console that does more than show",
    file: "packages/console/src/main.ts",
    code: 'import "@wherefrom/gateway";',
    finding: "console imports gateway",
  },
  {
    says: "a relative import of another package",
    file: cli,
    code: 'import "../../model/src/route.ts";',
    finding: "imports ../../model/src/route.ts, outside of packages/cli/src/",
  },
  { says: "an import that leads nowhere", file: cli, code: 'import "./gone.ts";', finding: "imports ./gone.ts, which is not there" },
  { says: "a library with a dependency", file: node, code: 'import "ws";', finding: "the library imports ws" },
  { says: "a core that knows Node", file: ip, code: 'import { isIP } from "node:net";', finding: "the core imports node:net" },
  { says: "a core with a clock", file: resolver, code: "const at = Date.now();", finding: "the core names Date" },
  { says: "a core with a clock in a template", file: resolver, code: "const at = `${Date.now()}`;", finding: "the core names Date" },
  { says: "a core with chance", file: resolver, code: "const x = Math.random();", finding: "the core names Math.random" },
  { says: "a core with a console", file: ip, code: 'console.log("x");', finding: "the core names console" },
  { says: "a core that reads the environment", file: ip, code: "const e = { ...process.env };", finding: "the core names process" },
  { says: "a core with a timer", file: ip, code: "const t = late ? setTimeout : undefined;", finding: "the core names setTimeout" },
  { says: "a core with a Buffer type", file: ip, code: "export type Bytes = Buffer;", finding: "the core names Buffer" },
];

test.each(refused)("$says is a finding", ({ file, code, finding }) => {
  expect(findingsOf({ [file]: code })).toEqual([`${file}:1 ${finding}`]);
});

const allowed = [
  { says: "an import that goes down", file: gateway, code: 'import { routeSchema } from "@wherefrom/model";' },
  { says: "an import that goes down to a part of the library", file: gateway, code: 'import { evidenceOf } from "wherefrom/node";' },
  { says: "a package of somebody else above the library", file: control, code: 'import { Hono } from "hono";' },
  { says: "node: above the library", file: gateway, code: 'import { createServer } from "node:http";' },
  { says: "node: in an adapter", file: node, code: 'import type { IncomingMessage } from "node:http";' },
  { says: "an import in a comment", file: ip, code: '/* import "node:net"; */ // import "ws";' },
  { says: "an import in a string", file: ip, code: "const text = 'import \"node:net\"';" },
  { says: "an import in a template", file: ip, code: "const text = `import 'node:net' and Date ${text}`;" },
  { says: "a clock in a regular expression", file: ip, code: "const shape = /[/'\"]Date(process)/;" },
  { says: "a property of that name", file: ip, code: "const at = event.process ?? event?.console;" },
  { says: "a key of that name", file: ip, code: 'const shape = { process: 1, console: "" };' },
  { says: "a longer word", file: ip, code: "const processed = toDate(preprocess);" },
  { says: "a quotient of two quotients", file: ip, code: "const x = a / b / c; const y = (a) / 2;" },
];

test.each(allowed)("$says is none", ({ file, code }) => {
  expect(findingsOf({ [file]: code })).toEqual([]);
});

const insideLibrary = [
  { from: "header/reader.ts", to: "ip/address.ts", finding: undefined },
  { from: "ip/parse.ts", to: "ip/address.ts", finding: undefined },
  { from: "index.ts", to: "policy/parse.ts", finding: undefined },
  { from: "adapters/node.ts", to: "resolve/resolver.ts", finding: undefined },
  { from: "adapters/ws.ts", to: "adapters/node.ts", finding: undefined },
  { from: "ip/address.ts", to: "header/reader.ts", finding: "ip imports header" },
  { from: "algorithm/table.ts", to: "policy/parse.ts", finding: "algorithm imports policy" },
  { from: "policy/parse.ts", to: "index.ts", finding: "policy imports index.ts" },
  { from: "resolve/resolver.ts", to: "adapters/node.ts", finding: "resolve imports an adapter" },
  { from: "index.ts", to: "adapters/node.ts", finding: "index.ts imports an adapter" },
  { from: "adapters/node.ts", to: "policy/parse.ts", finding: "an adapter imports policy" },
  { from: "adapters/node.ts", to: "index.ts", finding: "an adapter imports index.ts" },
  { from: "attic/old.ts", to: "ip/address.ts", finding: "attic has no floor in the library" },
];

test.each(insideLibrary)("in the library, $from importing $to: $finding", ({ from, to, finding }) => {
  const home = "packages/wherefrom/src";
  const specifier = from.includes("/") ? `../${to}` : `./${to}`;
  const files = { [`${home}/${from}`]: `import "${specifier}";`, [`${home}/${to}`]: "" };
  expect(findingsOf(files)).toEqual(finding === undefined ? [] : [`${home}/${from}:1 ${finding}`]);
});

test("files that import in a circle are one finding, at the import that closes it", () => {
  const home = "packages/model/src";
  const files = {
    [`${home}/a.ts`]: '\nimport "./b.ts";',
    [`${home}/b.ts`]: 'import "./c.ts";',
    [`${home}/c.ts`]: 'import type { A } from "./a.ts";',
  };
  const way = `${home}/a.ts -> ${home}/b.ts -> ${home}/c.ts -> ${home}/a.ts`;
  expect(findingsOf(files)).toEqual([`${home}/c.ts:1 imports in a circle: ${way}`]);
});

test("a finding says the line of its import", () => {
  expect(findingsOf({ [model]: 'const a = "`";\n/* b\n */\nimport {\n  x,\n} from "@wherefrom/cli";' })).toEqual([
    `${model}:4 model imports cli`,
  ]);
});

test("this repository keeps to its floors", () => {
  const { findings, modules } = checkFloors(treeAt(process.cwd()));
  expect(findings.map(formatFinding)).toEqual([]);
  expect(modules).toBeGreaterThan(0);
});
