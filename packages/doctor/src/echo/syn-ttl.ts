import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { parseAddress } from "wherefrom";
import { EchoError } from "./errors.ts";

/** Gives the TTL (IPv6: hop limit) that the first packet of a peer's connection arrived with; `undefined` when it was not seen. */
export type SynTtl = (peer: { readonly address: string; readonly port: number }) => Promise<number | undefined>;

/** A watch over the first packets of connections to a port. */
export type SynWatch = { readonly ttlOf: SynTtl; close(): Promise<void> };

/** First packets that are remembered; the oldest go. */
const MAX_REMEMBERED = 1_000;
/** How long to wait for a packet's line: the packet itself came before the connection did. */
const MAX_WAIT_MS = 250;

/** First packets of connections: SYN without ACK. IPv6 has no `tcp[13]` in a filter, so its byte is counted from the header's start. */
const filterFor = (port: number): string => `dst port ${port} and (tcp[13] & 18 = 2 or (ip6[6] = 6 and ip6[53] & 18 = 2))`;

/**
 * Watches with tcpdump, because a program on Node cannot ask its sockets for it. What it tells: a packet that was routed has lost hops, one of a connection that somebody opened anew has not.
 *
 * Errors: `EchoError` ECHO_NO_TCPDUMP when tcpdump is not there or may not listen.
 */
export async function watchSyns(port: number): Promise<SynWatch> {
  const args = ["-nn", "-l", "-v", "--immediate-mode", "-i", "any", filterFor(port)];
  const child = spawn("tcpdump", args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`, LC_ALL: "C" },
  });
  const ttls = new Map<string, number>();
  const waiting = new Set<() => void>();
  let ttl: number | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    ttl = readTtl(line) ?? ttl;
    const peer = readPeer(line);
    if (peer === undefined || ttl === undefined) return;
    ttls.set(peer, ttl);
    if (ttls.size > MAX_REMEMBERED) ttls.delete(ttls.keys().next().value ?? "");
    for (const look of waiting) look();
  });
  await untilItListens(child);
  const ended = once(child, "close");
  return {
    ttlOf({ address, port: peerPort }) {
      const peer = `${parseAddress(address.split("%")[0] ?? "")?.text ?? address} ${peerPort}`;
      const known = ttls.get(peer);
      return known !== undefined ? Promise.resolve(known) : waitFor(() => ttls.get(peer), waiting);
    },
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** tcpdump says «listening on …» on standard error when it does. */
function untilItListens(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (why: string): void =>
      reject(new EchoError("ECHO_NO_TCPDUMP", `The first packets of connections cannot be watched: ${why}`));
    child.stderr?.on("data", (part: Buffer) => {
      said = `${said}${part.toString("utf8")}`.slice(-2_000);
      if (/^(?:tcpdump: )?listening on /m.test(said)) resolve();
    });
    child.on("error", (error) => fail(error.message));
    child.on("exit", () => fail(said.trim().split("\n").at(-1) ?? "tcpdump ended"));
  });
}

function waitFor(look: () => number | undefined, waiting: Set<() => void>): Promise<number | undefined> {
  return new Promise((resolve) => {
    const settle = (): void => {
      clearTimeout(timer);
      waiting.delete(check);
      resolve(look());
    };
    const check = (): void => {
      if (look() !== undefined) settle();
    };
    const timer = setTimeout(settle, MAX_WAIT_MS);
    waiting.add(check);
  });
}

function readTtl(line: string): number | undefined {
  const found = /\b(?:ttl|hlim) ([0-9]{1,3})\b/.exec(line)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** `10.0.0.1.40000 > 10.0.0.2.80: Flags [S]`: the port stands behind the last dot. */
function readPeer(line: string): string | undefined {
  const match = /(?:^|\s)([0-9a-f.:]+)\.([0-9]{1,5}) > [^ ]+: Flags \[S/.exec(line);
  return match === null ? undefined : `${parseAddress(match[1] ?? "")?.text ?? match[1]} ${match[2]}`;
}
