import { chmodSync, existsSync, lstatSync, unlinkSync } from "node:fs";
import { type AddressInfo, connect, type Server } from "node:net";
import { dirname } from "node:path";
import { escapeText } from "wherefrom";
import { GatewayError, type GatewayErrorCode } from "../errors.ts";
import type { Place } from "./listener-options.ts";

/** Where a listener has come to listen. */
export type ListeningAt =
  | { readonly kind: "tcp"; readonly url: string; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly url: string; readonly path: string };

/**
 * Starts to listen. A socket file that nobody listens at is what a process leaves behind that was killed: it is taken away and made anew. Node
 * takes the file away when the server closes.
 *
 * Errors: a `GatewayError` that names the place, what is wrong with it and the way out.
 */
export async function listen(server: Server, { place, scheme }: { place: Place; scheme: "http" | "https" }): Promise<ListeningAt> {
  try {
    await bind(server, place);
  } catch (error) {
    if (place.kind === "tcp" || codeOf(error) !== "EADDRINUSE" || !(await isStaleSocket(place.path))) throw listenError(error, place);
    unlinkSync(place.path);
    await bind(server, place).catch((second) => {
      throw listenError(second, place);
    });
  }
  if (place.kind === "unix") {
    chmodSync(place.path, place.mode);
    return { kind: "unix", url: `unix:${place.path}`, path: place.path };
  }
  const { address: host, port, family } = server.address() as AddressInfo;
  return { kind: "tcp", url: `${scheme}://${family === "IPv6" ? `[${host}]` : host}:${port}`, host, port };
}

function bind(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(place.kind === "tcp" ? { host: place.host, port: place.port } : { path: place.path }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/**
 * Takes away what a killed process left at the place of a socket. For a primary: Node counts how often a worker has tried to listen at a place, and would not
 * take one that had to try twice for one that shares the place with others.
 */
export async function clearStaleSocket(path: string): Promise<void> {
  if (await isStaleSocket(path)) unlinkSync(path);
}

/** Whether a path is a socket at which nobody listens. Anything else there is somebody's. */
async function isStaleSocket(path: string): Promise<boolean> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return false;
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    socket.once("error", (error) => resolve(codeOf(error) === "ECONNREFUSED"));
  });
}

type Explained = { readonly code: GatewayErrorCode; readonly says: string };

const explained: Readonly<Record<Place["kind"], ReadonlyMap<string, Explained>>> = {
  tcp: new Map([
    ["EADDRINUSE", { code: "GATEWAY_PORT_IN_USE", says: "the port is in use: stop the program that has it, or choose another port" }],
    ["EACCES", { code: "GATEWAY_PORT_DENIED", says: "not permitted: choose a port above 1023, or run with the right to bind this one" }],
    [
      "EADDRNOTAVAIL",
      { code: "GATEWAY_ADDRESS_UNAVAILABLE", says: "this machine does not have the address: choose one that it has, or 0.0.0.0 for all" },
    ],
    ["ENOTFOUND", { code: "GATEWAY_ADDRESS_UNAVAILABLE", says: "the host name has no address: give an address, or a name that has one" }],
  ]),
  unix: new Map([
    [
      "EADDRINUSE",
      { code: "GATEWAY_SOCKET_IN_USE", says: "a program listens there, or it is no socket: stop that program, or choose another path" },
    ],
    ["EACCES", { code: "GATEWAY_SOCKET_DENIED", says: "not permitted: choose a folder in which this process may write" }],
    ["ENOENT", { code: "GATEWAY_SOCKET_DENIED", says: "its folder does not exist: make it, or choose another path" }],
  ]),
};

function listenError(error: unknown, place: Place): GatewayError {
  const where = `Cannot listen on ${place.kind === "tcp" ? `${escapeText(place.host)} port ${place.port}` : escapeText(place.path)}`;
  const known = explained[place.kind].get(errnoOf(error, place));
  if (known !== undefined) return new GatewayError(known.code, `${where}: ${known.says}`);
  return new GatewayError("GATEWAY_LISTEN_FAILED", `${where}: ${escapeText(error instanceof Error ? error.message : String(error))}`);
}

/** What the system said. Of a unix socket libuv says EACCES where the system said ENOENT. */
function errnoOf(error: unknown, place: Place): string {
  return place.kind === "unix" && !existsSync(dirname(place.path)) ? "ENOENT" : codeOf(error);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
