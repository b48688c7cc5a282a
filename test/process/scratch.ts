import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own for one test run. */
export type Scratch = { readonly folder: string; file(name: string): string; remove(): Promise<void> };

/** Makes a folder that nobody else uses. Other users may read it, because nginx works as another user when root starts it. */
export async function openScratch(): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), "wherefrom-test-"));
  await chmod(folder, 0o755);
  return { folder, file: (name) => join(folder, name), remove: () => rm(folder, { recursive: true, force: true }) };
}
