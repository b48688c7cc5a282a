import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { freePort } from "../process/free-port.ts";
import { openScratch } from "../process/scratch.ts";
import { type Started, start } from "../process/started.ts";

const MAX_PORT_ATTEMPTS = 5;

export type RunningCaddy = { readonly process: Started; readonly port: number; stop(): Promise<void> };

/**
 * Starts Debian's Caddy on a free port of 127.0.0.1, with the sites that `sitesAt` gives for it. It cannot take port 0, so a lost race for the port is run
 * again. Its files stay in a folder of their own, and it serves no administration.
 */
export async function startCaddy(sitesAt: (port: number) => string): Promise<RunningCaddy> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(await freePort(), sitesAt);
    } catch (error) {
      if (attempt === MAX_PORT_ATTEMPTS || !String(error).includes("address already in use")) throw error;
    }
  }
}

async function startOnce(port: number, sitesAt: (port: number) => string): Promise<RunningCaddy> {
  const scratch = await openScratch();
  const options = "admin off\n  auto_https disable_redirects\n  skip_install_trust\n  servers {\n    protocols h1 h2 h2c\n  }";
  await writeFile(scratch.file("Caddyfile"), `{\n  ${options}\n}\n${sitesAt(port)}\n`);
  const home = { HOME: scratch.folder, XDG_CONFIG_HOME: scratch.folder, XDG_DATA_HOME: scratch.folder };
  const process = start(["caddy", "run", "--config", scratch.file("Caddyfile"), "--adapter", "caddyfile"], { env: home });
  const stop = async (): Promise<void> => {
    await process.stop("SIGTERM");
    await scratch.remove();
  };
  try {
    await process.ready("listens", () => isListening(port));
  } catch (error) {
    await stop();
    throw error;
  }
  return { process, port, stop };
}

/** Whether somebody answers there, whatever it is. */
function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({ host: "127.0.0.1", port }, (response) => resolve(response.resume() !== undefined));
    asking.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED")).end();
  });
}
