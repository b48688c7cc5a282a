// Reads env files with the loaders for Node, each as its users call it. In: JSON lines of paths. Out: a JSON line each.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { parseEnv } from "node:util";
import { parseSync } from "@dotenvx/primitives";
import next from "@next/env";
import dotenv from "dotenv";
import { loadEnv } from "vite";

const before = { ...process.env };
const silent = { info() {}, error() {} };

/** Calls a loader with the environment as it was, and puts it back. */
function apart(load) {
  for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
  Object.assign(process.env, before);
  const loaded = load();
  for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key];
  return loaded;
}

for await (const line of createInterface({ input: process.stdin })) {
  const path = JSON.parse(line);
  const contents = readFileSync(path, "utf8");
  const read = {
    node: apart(() => parseEnv(contents)),
    dotenv: apart(() => dotenv.parse(contents)),
    dotenvx: apart(() => parseSync(contents, { processEnv: { ...process.env } }).parsed),
    // every name is public here; it gives what the process had, too
    vite: apart(() => Object.fromEntries(Object.entries(loadEnv("production", dirname(path), [""])).filter(([key]) => !(key in before)))),
    next: apart(() => {
      next.resetEnv();
      return next.processEnv([{ path: ".env", contents, env: {} }], dirname(path), silent, true)[1];
    }),
  };
  process.stdout.write(`${JSON.stringify(read)}\n`);
}
