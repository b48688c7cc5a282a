import { mkdir, readFile, writeFile } from "node:fs/promises";
import { freePort } from "../process/free-port.ts";
import type { Place } from "../process/place.ts";
import { openScratch } from "../process/scratch.ts";
import { type Started, start } from "../process/started.ts";
import { nginxCommand, nginxConfig } from "./nginx-config.ts";

const MAX_PORT_ATTEMPTS = 5;

/** One `server` of an nginx that passes everything on. */
export type NginxServer = {
  /** `host:port` to listen on. */
  readonly listen: string;
  /** `host:port` to pass to. */
  readonly target: string;
  /** `none`: says nothing about the client, and passes on what the client claims. `append`: the two lines every manual shows. */
  readonly forwarding: "none" | "append";
  /** Keeps connections to the target open between requests. nginx does not by itself. */
  readonly keepsConnections?: boolean;
};

export type RunningNginx = { readonly process: Started; stop(): Promise<void> };

function serverBlock({ listen, forwarding }: NginxServer, upstream: string): string {
  const append = ["proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", "proxy_set_header X-Real-IP $remote_addr;"];
  return `server {
    listen ${listen};
    location / {
      proxy_pass http://${upstream};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      ${forwarding === "append" ? append.join("\n      ") : ""}
    }
  }`;
}

/** One that passes everything on, at several places. */
function passingConfig(folder: string, servers: readonly NginxServer[]): string {
  const upstreams = servers.map(
    (server, index) => `upstream target${index} { server ${server.target};${server.keepsConnections === true ? " keepalive 8;" : ""} }`,
  );
  const http = [
    '# Without an upgrade, no Connection line goes to the target: nginx would otherwise send "close".',
    "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
    ...upstreams,
    ...servers.map((server, index) => serverBlock(server, `target${index}`)),
  ];
  return nginxConfig(folder, { http, logs: "warn" });
}

/** Starts Debian's nginx on fixed addresses and waits until it listens. */
export function startNginx(servers: readonly NginxServer[], place?: Place): Promise<RunningNginx> {
  return runNginx((folder) => passingConfig(folder, servers), place);
}

/** Starts Debian's nginx with a configuration that keeps its files in the folder, and waits until it listens: it writes its pid only then. */
export async function runNginx(configOf: (folder: string) => string, place?: Place): Promise<RunningNginx> {
  const scratch = await openScratch();
  await mkdir(scratch.file("logs"));
  await writeFile(scratch.file("nginx.conf"), configOf(scratch.folder));
  const command = nginxCommand(scratch.folder);
  const process = start(command, place === undefined ? {} : { place });
  const stop = async (): Promise<void> => {
    await process.stop("SIGTERM");
    await scratch.remove();
  };
  try {
    await process.ready("listens", async () => (await readFile(scratch.file("nginx.pid"), "utf8").catch(() => "")).trim() !== "");
  } catch (error) {
    await stop();
    throw error;
  }
  return { process, stop };
}

/** Starts nginx on a free port of 127.0.0.1. nginx cannot take port 0, so a lost race for the port is run again. */
export function startNginxOnFreePort(server: Omit<NginxServer, "listen">): Promise<RunningNginx & { readonly port: number }> {
  return onFreePort((listen) => startNginx([{ ...server, listen }]));
}

/** Starts an nginx at `127.0.0.1:port`. */
export async function onFreePort(startAt: (listen: string) => Promise<RunningNginx>): Promise<RunningNginx & { readonly port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const running = await startAt(`127.0.0.1:${port}`);
      return { ...running, port };
    } catch (error) {
      if (attempt === MAX_PORT_ATTEMPTS || !String(error).includes("Address already in use")) throw error;
    }
  }
}
