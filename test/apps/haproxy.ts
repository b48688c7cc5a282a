import { writeFile } from "node:fs/promises";
import { freePort } from "../process/free-port.ts";
import { openScratch } from "../process/scratch.ts";
import { type Started, start } from "../process/started.ts";

const MAX_PORT_ATTEMPTS = 5;

/** One entrance of an HAProxy that carries connections on. */
export type HaproxyEntrance = {
  readonly mode: "tcp" | "http";
  /** `host:port` to carry to. */
  readonly target: string;
  /** What stands behind the server's address: `send-proxy-v2 proxy-v2-options crc32c`. */
  readonly server: string;
  /** Certificate and key in PEM, where the entrance speaks TLS. */
  readonly tls?: string;
  /** Lines more for the frontend. */
  readonly frontend?: readonly string[];
  /** Lines more for the backend. */
  readonly backend?: readonly string[];
};

export type RunningHaproxy = {
  readonly process: Started;
  /** In the order of the entrances. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
};

function configOf(entrances: readonly (HaproxyEntrance & { readonly port: number; readonly pem: string })[]): string {
  const proxies = entrances.map(
    ({ mode, target, server, tls, port, pem, frontend = [], backend = [] }, index) => `frontend in${index}
  mode ${mode}
  bind 127.0.0.1:${port}${tls === undefined ? "" : ` ssl crt ${pem}`}
  ${frontend.join("\n  ")}
  default_backend out${index}
backend out${index}
  mode ${mode}
  ${backend.join("\n  ")}
  server gateway ${target} ${server}
`,
  );
  return `global
  maxconn 256
defaults
  timeout connect 5s
  timeout client 30s
  timeout server 30s
${proxies.join("")}`;
}

/** Starts Debian's HAProxy with its entrances on free ports of 127.0.0.1. It cannot take port 0, so a lost race for a port is run again. */
export async function startHaproxy(entrances: readonly HaproxyEntrance[]): Promise<RunningHaproxy> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(entrances);
    } catch (error) {
      if (attempt === MAX_PORT_ATTEMPTS || !/cannot bind socket|Address already in use/i.test(String(error))) throw error;
    }
  }
}

async function startOnce(entrances: readonly HaproxyEntrance[]): Promise<RunningHaproxy> {
  const scratch = await openScratch();
  const placed: (HaproxyEntrance & { readonly port: number; readonly pem: string })[] = [];
  for (const [index, entrance] of entrances.entries()) {
    const pem = scratch.file(`${index}.pem`);
    if (entrance.tls !== undefined) await writeFile(pem, entrance.tls);
    placed.push({ ...entrance, port: await freePort(), pem });
  }
  await writeFile(scratch.file("haproxy.cfg"), configOf(placed));
  // In the foreground; it says on standard error that it is ready.
  const process = start(["haproxy", "-W", "-db", "-f", scratch.file("haproxy.cfg")]);
  const stop = async (): Promise<void> => {
    await process.stop("SIGTERM");
    await scratch.remove();
  };
  try {
    await process.ready("listens", () => /Loading success/.test(process.stderr()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { process, ports: placed.map(({ port }) => port), stop };
}
