import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Control, type ControlOptions, openControl } from "@wherefrom/control";
import { onTestFinished } from "vitest";
import { type CommandOptions, type Finished, runCommand } from "./command.ts";

/** A management API with commands that ask it, in a folder of their own. */
export type ControlForCli = {
  readonly control: Control;
  readonly folder: string;
  readonly database: string;
  /** Runs `wherefrom`, by default with a token of alice that may do everything. */
  run(args: readonly string[], options?: CommandOptions): Promise<Finished>;
  /** Runs it with `--json`, and reads what it writes. */
  // biome-ignore lint/suspicious/noExplicitAny: a test names the fields it expects, and a missing one fails it
  json(args: readonly string[], options?: CommandOptions): Promise<any>;
};

export const XFF_LEFTMOST = { headerIndexAlgorithm: { ipHeaderName: "X-Forwarded-For", ipHeaderIndex: 0 } };
export const WALK = { trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["10.0.0.0/8"] } };

/** Opens a control with the environment `prod` for the running test. */
export async function openControlForCli({
  analytics,
  ...options
}: Pick<ControlOptions, "limits"> & { readonly analytics?: string } = {}): Promise<ControlForCli> {
  const folder = mkdtempSync(join(tmpdir(), "wherefrom-cli-api-"));
  const database = join(folder, "control.db");
  const control = await openControl({
    listen: { host: "127.0.0.1", port: 0 },
    organization: "local",
    database: `sqlite:${database}`,
    ...options,
    ...(analytics !== undefined && { analytics: `duckdb:${join(folder, analytics)}` }),
  });
  onTestFinished(async () => {
    await control.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const routes = [{ name: "all", target: "http://127.0.0.1:9000" }];
  await control.seedEnvironment({ organization: "local", name: "prod", clientIpResolutionConfig: XFF_LEFTMOST, routes });
  const token = control.issueKey({ name: "alice", role: "admin", organization: "-" });
  const env = { WHEREFROM_API_URL: control.url, WHEREFROM_TOKEN: token, XDG_CONFIG_HOME: folder };
  const run = (args: readonly string[], options: CommandOptions = {}): Promise<Finished> =>
    runCommand(args, { ...options, env: { ...env, ...options.env } });
  return {
    control,
    folder,
    database,
    run,
    async json(args, options) {
      const { stdout, stderr } = await run([...args, "--json"], options);
      if (stdout === "") throw new Error(`Expected JSON, received nothing: ${stderr}`);
      return JSON.parse(stdout);
    },
  };
}
