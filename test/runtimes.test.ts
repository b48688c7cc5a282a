import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Difference } from "../packages/wherefrom/test/adapters/contract.ts";
import { takenApart } from "../packages/wherefrom/test/adapters/fetch-server.ts";
import { openWire, request, type Wire } from "../packages/wherefrom/test/adapters/wire.ts";
import { answerOf, listCases, readResolveCases } from "../packages/wherefrom/test/corpus.ts";
import { capability } from "../tools/capabilities.mjs";
import { cachedPackage } from "../tools/npm-cache.mjs";
import { repositoryPath } from "./process/repository.ts";
import { openScratch, type Scratch } from "./process/scratch.ts";
import { type Started, start } from "./process/started.ts";

/** Rows whose bytes can travel over HTTP/1.1. */
const rows = listCases("resolve").flatMap((file) =>
  readResolveCases(file)
    .filter((row) => row.surfaces === undefined)
    .map((row) => ({ ...row, title: `${file}: ${row.name}` })),
);

type Runtime = {
  readonly name: string;
  /** The bundle that it runs: a file of `test/runtimes`. */
  readonly program: string;
  readonly command: (program: string) => readonly string[];
  /** What it says of the far end. */
  readonly remote: string;
  /** Rows that it answers otherwise, beside those that a `Headers` object changes. */
  readonly differing: Readonly<Record<string, Difference>>;
};

const runtimes: readonly Runtime[] = [
  {
    name: "Deno",
    program: "deno.mjs",
    command: (program) => [join(cachedPackage("deno"), "deno"), "run", "--allow-net=127.0.0.1", "--no-remote", "--no-config", program],
    remote: "127.0.0.1",
    differing: {},
  },
  {
    name: "Bun",
    program: "bun.mjs",
    command: (program) => [join(cachedPackage("bun"), "bin", "bun"), "run", program],
    remote: "127.0.0.1",
    differing: {},
  },
  {
    name: "workerd, which runs Cloudflare's Workers",
    program: "worker.mjs",
    command: (program) => [
      join(cachedPackage("workerd"), "bin", "workerd"),
      "serve",
      join(program, "..", "worker.capnp"),
      "--control-fd=1",
    ],
    remote: "",
    differing: {
      // It reads a header as UTF-8, and what is none of it is lost to the grammar.
      "resolve/forwarded.json: a Latin-1 character in another quoted value is fine": {
        ip: "10.0.0.1",
        outcome: "fallback",
        trust: "unverified",
        reason: "hop-not-an-address",
        key: "10.0.0.1",
      },
    },
  },
];

let scratch: Scratch;

beforeAll(async () => {
  scratch = await openScratch();
  await writeFile(scratch.file("rows.json"), JSON.stringify(rows.map(({ peer, policy }) => ({ peer, policy }))));
  await copyFile(repositoryPath("test/runtimes/worker.capnp"), scratch.file("worker.capnp"));
});

afterAll(() => scratch.remove());

/** One file of the program, the library as it is built, and the rows. */
async function bundle(program: string): Promise<string> {
  const library = (file: string) => repositoryPath(`packages/wherefrom/dist/${file}`);
  const alias = {
    "corpus-rows": scratch.file("rows.json"),
    "wherefrom/fetch": library("adapters/fetch.js"),
    wherefrom: library("index.js"),
  };
  const input = repositoryPath(`test/runtimes/${program}`);
  const made = await rolldown({ input, platform: "neutral", resolve: { alias }, logLevel: "silent" });
  await made.write({ file: scratch.file(program) });
  await made.close();
  return scratch.file(program);
}

describe.runIf(capability("runtimes")).each(runtimes)(
  "$name gives the answers of the corpus",
  ({ program, command, remote, differing }) => {
    const differences: Readonly<Record<string, Difference>> = { ...takenApart, ...differing };
    let runtime: Started;
    let wire: Wire;
    let port: number;

    beforeAll(async () => {
      // Deno keeps a cache in the folder of whoever runs it.
      runtime = start(command(await bundle(program)), { env: { HOME: scratch.folder, DENO_DIR: scratch.file("deno"), NO_COLOR: "1" } });
      port = Number(await runtime.ready("listens", () => /"port":(\d+)/.exec(runtime.stdout())?.[1]));
      wire = openWire(port);
    });

    afterAll(async () => {
      wire.close();
      await runtime.stop();
    });

    test.each(rows.map((row, number) => [row.title, { ...row, number }] as const))(
      "%s",
      async (title, { number, headers, expect: expected }) => {
        if (!wire.isOpen()) wire = openWire(port);
        const fields = [`X-Row: ${number}`, ...headers.map(([field, value]) => `${field}: ${value}`)];
        const answer = JSON.parse(await request(wire, "GET /", { fields }));
        expect(answerOf(answer)).toEqual({ ...expected, ...differences[title] });
        // Bun closes then, and does not say so.
        if (headers.some(([name]) => name.toLowerCase() === "connection")) wire.close();
      },
    );

    test("knows of the far end what its example relies on", async () => {
      const other = openWire(port);
      expect(JSON.parse(await request(other, "GET /", { fields: [] }))).toEqual({ remote });
      other.close();
    });
  },
);
