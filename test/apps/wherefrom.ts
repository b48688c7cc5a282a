import { writeFile } from "node:fs/promises";
import { runCommand } from "../../packages/cli/test/command.ts";
import { patientGateway } from "../../packages/cli/test/patient-gateway.ts";
import type { Place } from "../process/place.ts";
import { repositoryPath } from "../process/repository.ts";
import { type Ran, type RunOptions, run } from "../process/run.ts";
import { openScratch } from "../process/scratch.ts";
import { type Started, start } from "../process/started.ts";

/** The command as a user starts it. */
const WHEREFROM: readonly string[] = [process.execPath, repositoryPath("packages/cli/bin/wherefrom.js")];

/** What `--json` prints when everything listens: one whole line. */
const READY_LINE = /^\{.*\}\n/m;

/** Runs `wherefrom` with these arguments to its end: in a process of its own where options say how, in one that is kept for others otherwise. */
export async function wherefrom(args: readonly string[], options?: RunOptions): Promise<Ran> {
  if (options !== undefined) return run([...WHEREFROM, ...args], options);
  const { code, stdout, stderr } = await runCommand(args);
  return { exitCode: code, stdout, stderr };
}

/** What `wherefrom up --json` prints when it is ready. */
export type UpReady = { readonly gateway: string; readonly api: string; readonly organization: string; readonly environment: string };

/** The all-in-one system in a process of its own. */
export type RunningUp = UpReady & {
  readonly process: Started;
  /** URL of its environment on the API. */
  readonly environmentUrl: string;
};

/** Starts `wherefrom up`, asking nobody for a token, on free ports unless the arguments name some, and waits for the line that says where it is. */
export function startUp(data: string, args: readonly string[] = []): Promise<RunningUp> {
  return startUpBy([...WHEREFROM, "up", "--auth", "off"], data, args);
}

/** The same by the command of the README, `npm start`. */
export function startByNpm(data: string): Promise<RunningUp> {
  return startUpBy(["npm", "--silent", "start", "--"], data, []);
}

async function startUpBy(command: readonly string[], data: string, args: readonly string[]): Promise<RunningUp> {
  const process = start([...command, "--gateway-port", "0", "--api-port", "0", "--data", data, "--json", ...args]);
  const line = await process.ready("says where it listens", () => READY_LINE.exec(process.stdout())?.[0]);
  const ready = JSON.parse(line) as UpReady;
  return { ...ready, process, environmentUrl: `${ready.api}/v1/organizations/${ready.organization}/environments/${ready.environment}` };
}

/** A gateway that takes its configuration from a file. */
export type RunningGateway = { readonly process: Started; stop(): Promise<void> };

export type GatewayOptions = {
  readonly place: Place;
  readonly host: string;
  readonly port: number;
  readonly clientIpResolutionConfig: Readonly<Record<string, unknown>>;
  /** Origin that every request goes to. */
  readonly target: string;
};

/** Starts `wherefrom gateway` with a snapshot of one route and waits for the line that says where it listens. */
export async function startGateway({ place, host, port, clientIpResolutionConfig, target }: GatewayOptions): Promise<RunningGateway> {
  const scratch = await openScratch();
  const routes = [{ name: "everything", target }];
  await writeFile(
    scratch.file("snapshot.json"),
    JSON.stringify({ organization: "lab", environment: "lab", revision: 1, clientIpResolutionConfig, routes }),
  );
  const process = start(
    [...WHEREFROM, "gateway", "--snapshot", scratch.file("snapshot.json"), ...patientGateway(scratch.folder, { host, port }), "--json"],
    { place },
  );
  const stop = async (): Promise<void> => {
    await process.stop("SIGTERM");
    await scratch.remove();
  };
  try {
    await process.ready("says where it listens", () => READY_LINE.test(process.stdout()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { process, stop };
}
