import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname } from "node:path";
import { freePort } from "../process/free-port.ts";
import { openScratch } from "../process/scratch.ts";
import { type Started, start } from "../process/started.ts";

const MAX_PORT_ATTEMPTS = 5;

/** A server that passes HTTP on, as its package and one configuration make it. */
export type ProxyKind = {
  /** Its files, by name below a folder of its own. */
  readonly files: (setup: ProxySetup) => Readonly<Record<string, string>>;
  /** Starts it in the foreground. */
  readonly command: (setup: ProxySetup) => readonly string[];
  readonly env?: (setup: ProxySetup) => Readonly<Record<string, string>>;
};

/** `listen` and `target` are ports of 127.0.0.1. */
type ProxySetup = { readonly folder: string; readonly listen: number; readonly target: number };

export type RunningProxy = { readonly port: number; stop(): Promise<void> };

/** Starts a proxy on a free port of 127.0.0.1 and waits until it takes connections. A lost race for the port is run again. */
export async function startProxy(kind: ProxyKind, target: number): Promise<RunningProxy> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(kind, target);
    } catch (error) {
      if (attempt === MAX_PORT_ATTEMPTS || !/in use|cannot bind|could not bind|Bind failed/i.test(String(error))) throw error;
    }
  }
}

async function startOnce(kind: ProxyKind, target: number): Promise<RunningProxy> {
  const scratch = await openScratch();
  const setup: ProxySetup = { folder: scratch.folder, listen: await freePort(), target };
  for (const [name, text] of Object.entries(kind.files(setup))) {
    await mkdir(dirname(scratch.file(name)), { recursive: true });
    await writeFile(scratch.file(name), text);
  }
  const process = start(kind.command(setup), { env: kind.env?.(setup) ?? {} });
  const stop = async (): Promise<void> => {
    await process.stop("SIGTERM");
    await scratch.remove();
  };
  try {
    await waitUntilItListens(process, setup.listen);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port: setup.listen, stop };
}

function waitUntilItListens(process: Started, port: number): Promise<true> {
  const takesConnections = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
  return process.ready("takes connections", takesConnections);
}
