import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createInstrumenter } from "istanbul-lib-instrument";
import { type Coverage, createCoverage, type FileCounters } from "./coverage.ts";
import type { Library } from "./library.ts";

const COUNTERS = "__wherefrom_fuzz_counters__";

/** A copy of the built library that counts where it goes. */
export type InstrumentedLibrary = { readonly library: Library; readonly coverage: Coverage };

/** Instruments the built library into a folder of its own, loads it from there and removes the folder again. `dist` stays as it is. */
export async function openInstrumentedLibrary(): Promise<InstrumentedLibrary> {
  const built = dirname(fileURLToPath(import.meta.resolve("wherefrom")));
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-fuzz-"));
  try {
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    const instrumenter = createInstrumenter({ esModules: true, compact: true, coverageVariable: COUNTERS });
    for (const name of modulesIn(built)) {
      const target = join(folder, name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, instrumenter.instrumentSync(readFileSync(join(built, name), "utf8"), name));
    }
    const library = (await import(pathToFileURL(join(folder, "index.js")).href)) as Library;
    const files = (globalThis as Record<string, unknown>)[COUNTERS] as Record<string, FileCounters>;
    return { library, coverage: createCoverage(Object.values(files)) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The core alone: adapters decide nothing. */
function modulesIn(folder: string): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".js") && !name.startsWith("adapters"));
}
