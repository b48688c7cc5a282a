import { expect, test } from "vitest";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";

const read = (text: string, name = "app.ts"): ReturnType<typeof readConfig> => readConfig({ name, text });
/** Place, name and client of each application. */
const told = (text: string, name?: string): readonly string[] =>
  read(text, name).passages.map(
    (passage) => `${passage.place.line} ${passage.name}: ${notationOf(passage).replace("peer -> client = ", "")}`,
  );

const counted = "index -1 of X-Forwarded-For, from everybody";

test.each([
  {
    says: "an import",
    text: 'import express from "express";\nconst app = express();\napp.set("trust proxy", 1);',
    apps: [`3 app: ${counted}`],
  },
  {
    says: "a call of what is required",
    text: 'const app = require("express")();\napp.set("trust proxy", 1);',
    apps: [`2 app: ${counted}`],
  },
  { says: "an application that nothing is said of", text: 'import express from "express";\nconst app = express();', apps: ["2 app: peer"] },
  {
    says: "a constant",
    text: 'import express from "express";\nconst HOPS = 1 as const;\nconst app = express();\napp.set("trust proxy", HOPS);',
    apps: [`4 app: ${counted}`],
  },
  {
    says: "a constant that is declared twice",
    text: 'import express from "express";\nconst HOPS = 1;\n{ const HOPS = 2; }\nconst app = express();\napp.set("trust proxy", HOPS);',
    apps: ['5 app: ? (app.set("trust proxy", HOPS))'],
  },
  {
    says: "a list that is reached into",
    text: 'import express from "express";\nconst LIST = ["loopback"];\nLIST.push(process.env.X);\nconst app = express();\napp.set("trust proxy", LIST);',
    apps: ['5 app: ? (app.set("trust proxy", LIST))'],
  },
  {
    says: "a variable of the environment",
    text: 'import express from "express";\nconst app = express();\napp.set("trust proxy", process.env.HOPS);',
    apps: ['3 app: ? (app.set("trust proxy", process.env.HOPS))'],
  },
  {
    says: "a condition",
    text: 'import express from "express";\nconst app = express();\nif (isProduction) app.set("trust proxy", 1);',
    apps: ['3 app: ? (app.set("trust proxy", 1))'],
  },
  {
    says: "another function",
    text: 'import express from "express";\nconst app = express();\nexport function configure() {\napp.set("trust proxy", 1);\n}',
    apps: ['4 app: ? (app.set("trust proxy", 1))'],
  },
  {
    says: "two of a name",
    text: 'import express from "express";\nfunction a() { const app = express(); app.set("trust proxy", 1); }\nfunction b() { const app = express(); }',
    apps: [`2 app: ${counted}`, "3 app: peer"],
  },
  {
    says: "an application from elsewhere",
    text: "async function bootstrap() {\nconst app = await NestFactory.create<NestExpressApplication>(AppModule);\napp.set('trust proxy', 1);\n}",
    apps: [`3 app: ${counted}`],
  },
  {
    says: "an address that is none",
    text: 'import express from "express";\nconst app = express();\napp.set("trust proxy", "proxy.internal");',
    apps: ["3 app: ? (proxy.internal)"],
  },
  {
    says: "a function",
    text: 'import { fastify } from "fastify";\nconst app = fastify({ logger: true, trustProxy: (address) => address === "10.0.0.1" });',
    apps: ['2 app: ? ((address) => address === "10.0.0.1")'],
  },
  {
    says: "options that are spread",
    text: 'import fastify from "fastify";\nconst app = fastify({ trustProxy: true, ...secrets });',
    apps: ["2 app: ? (...secrets)"],
  },
  {
    says: "options from elsewhere",
    text: 'import fastify from "fastify";\nconst app = fastify(options);',
    apps: ["2 app: ? (trustProxy)"],
  },
  {
    says: "options in a constant",
    text: 'import fastify from "fastify";\nconst OPTIONS = { trustProxy: ["10.0.0.0/8"] };\nconst app = fastify(OPTIONS);',
    apps: ["3 app: first untrusted from the right of X-Forwarded-For, from 10.0.0.0/8"],
  },
  {
    says: "Nest on Fastify",
    text: 'import { FastifyAdapter } from "@nestjs/platform-fastify";\nconst adapter = new FastifyAdapter({ trustProxy: "loopback" });',
    apps: ["2 adapter: first untrusted from the right of X-Forwarded-For, from 127.0.0.0/8 ::1/128"],
  },
  {
    says: "Koa",
    text: 'const Koa = require("koa");\nconst app = new Koa();\napp.proxy = true;\napp.maxIpsCount = COUNT;',
    apps: ["4 app: ? (app.maxIpsCount = COUNT)"],
  },
  { says: "no framework", text: "const app = express();", apps: [] },
])("$says", ({ text, apps }) => expect(told(text)).toEqual(apps));

test("a function that is set in place of what Express makes of a value is not known", () => {
  const text = 'import express from "express";\nconst app = express();\napp.set("trust proxy", 1);\napp.set("trust proxy fn", compiled);';
  expect(told(text)).toEqual(['4 app: ? (app.set("trust proxy fn", compiled))']);
});

test("a program that looks for an address in a header by itself is told with its line", () => {
  const lines = [
    'import requestIp from "request-ip";',
    'const NAME = "X-Real-IP";',
    'const ip = request.headers["x-forwarded-for"]?.split(",")[0];',
    "const second = headers[NAME];",
    'const third = request.get("CF-Connecting-IP");',
    'const fourth = request.headers?.get("X-Forwarded-For");',
    'const { mw } = require("@supercharge/request-ip");',
    // these write, or read something else
    'headers["x-forwarded-for"] = ip;',
    'response.header("X-Real-IP", ip);',
    'request.headers["user-agent"];',
    'cache["x-forwarded-for"];',
    'app.get("/x-real-ip");',
  ];
  expect(read(lines.join("\n")).issues.map(({ code, place }) => `${code} ${place.line}`)).toEqual(
    [1, 3, 4, 5, 6, 7].map((line) => `CONFIG_NOT_UNDERSTOOD ${line}`),
  );
});

test("TypeScript and JSX are told by the name", () => {
  const text = 'import express from "express";\nconst app = express();\n';
  expect(told(`${text}const view = <p>{1}</p>;`, "app.jsx")).toEqual(["2 app: peer"]);
  expect(told(`${text}const view = <string>value;`, "app.mts")).toEqual(["2 app: peer"]);
});

test("what is no program is told with its place", () => {
  const issuesOf = (text: string): readonly string[] => read(text).issues.map(({ code, place }) => `${code} ${place.line}:${place.column}`);
  expect(issuesOf("const a = 1;\nconst = ;")).toEqual(["CONFIG_UNEXPECTED 2:7"]);
  expect(issuesOf("[".repeat(100_000))).toEqual(["CONFIG_LIMIT_REACHED 1:1"]);
  expect(issuesOf(`// ${"x".repeat(1_048_576)}`)).toEqual(["CONFIG_LIMIT_REACHED 1:1"]);
});
