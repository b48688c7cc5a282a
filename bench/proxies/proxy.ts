import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { OURS } from "../report.ts";
import { freePort, runs } from "../traffic/machine.ts";
import type { Program, Programs } from "../traffic/programs.ts";
import { haproxy, nginx, type ServerProxy } from "./servers.ts";

/** The reference that ours is measured by. */
export const BARE = "node:http + undici";

/** A proxy under measurement. */
export type ProxySubject = {
  readonly name: string;
  readonly carries: readonly ("http" | "websocket")[];
  /** Why this machine cannot run it; `undefined` when it can. */
  readonly whyNot: () => string | undefined;
  readonly open: (programs: Programs, originPort: number) => Promise<OpenProxy>;
};

export type OpenProxy = {
  readonly pid: number;
  readonly port: number;
  /** Lets it collect its garbage, if it has any. */
  readonly collect: () => Promise<void>;
  readonly end: () => Promise<void>;
};

/** All of them, ours last. */
export const proxies: readonly ProxySubject[] = [
  serverProxy("nginx", nginx),
  serverProxy("haproxy", haproxy),
  scriptProxy("http-proxy-3", { carries: ["http", "websocket"] }),
  scriptProxy("fast-proxy", { carries: ["http"] }),
  scriptProxy("@fastify/http-proxy", { script: "fastify-http-proxy", carries: ["http"] }),
  scriptProxy("ws relay", { script: "ws-relay", carries: ["websocket"] }),
  scriptProxy(BARE, { script: "bare", carries: ["http"] }),
  scriptProxy("manual splice", { script: "bare", carries: ["websocket"] }),
  scriptProxy(`${OURS} without log`, { script: OURS, carries: ["http"] }),
  scriptProxy(OURS, { carries: ["http", "websocket"], isLogging: true }),
];

/** Starts one of our own programs, which says its port. Its garbage can be collected from outside. */
export async function openScript(programs: Programs, { script, told = {}, side = "proxy" }: ScriptStart): Promise<OpenProxy> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const program = programs.start([process.execPath, "--expose-gc", file, JSON.stringify(told)], side);
  const { port } = (await program.hears()) as { readonly port: number };
  return {
    pid: program.pid,
    port,
    collect: async () => void (await program.ask({ ask: "collect" })),
    end: () => program.end(),
  };
}

type ScriptStart = { readonly script: string; readonly told?: object; readonly side?: "proxy" | "traffic" };

function scriptProxy(name: string, { script = name, carries, isLogging = false }: ScriptParts): ProxySubject {
  return {
    name,
    carries,
    whyNot: () => undefined,
    open: (programs, originPort) =>
      openScript(programs, { script: `${script}.js`, told: { originPort, isLogging, folder: programs.folder() } }),
  };
}

type ScriptParts = { readonly script?: string; readonly carries: ProxySubject["carries"]; readonly isLogging?: boolean };

function serverProxy(name: string, server: ServerProxy): ProxySubject {
  return {
    name,
    carries: ["http", "websocket"],
    whyNot: () => (runs(name, "-v") ? undefined : `no ${name} on this machine`),
    open: (programs, originPort) => openServer(programs, { name, server, originPort }),
  };
}

const MAX_PORT_ATTEMPTS = 5;

/** A server cannot take port 0, so a lost race for a free one is run again. */
async function openServer(programs: Programs, { name, server, originPort }: ServerStart): Promise<OpenProxy> {
  const folder = programs.folder();
  const file = join(folder, "configuration");
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    writeFileSync(file, server.config({ folder, port, originPort }));
    const program = programs.start(server.command(file, folder), "proxy");
    try {
      await listens(program, port);
      return { pid: program.pid, port, collect: async () => undefined, end: () => program.end() };
    } catch (error) {
      await program.end();
      if (attempt === MAX_PORT_ATTEMPTS) throw new Error(`${name} does not listen: ${String(error)}`);
    }
  }
}

type ServerStart = { readonly name: string; readonly server: ServerProxy; readonly originPort: number };

const START_TIMEOUT_MS = 120_000;
const START_INTERVAL_MS = 20;

async function listens(program: Program, port: number): Promise<void> {
  // A server says nothing; what it would say is that it has ended.
  const ended = program.hears().then(() => undefined);
  ended.catch(() => undefined);
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += START_INTERVAL_MS) {
    if (await Promise.race([accepts(port), ended.then(() => false)])) return;
    await sleep(START_INTERVAL_MS);
  }
  throw new Error(`nothing accepts connections on port ${port}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
