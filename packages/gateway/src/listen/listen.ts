import type { Server } from "node:http";
import { escapeText } from "wherefrom";
import { GatewayError, type GatewayErrorCode } from "../errors.ts";

type Place = { readonly host: string; readonly port: number };

/** Starts to listen. Errors: a `GatewayError` that names the place, what is wrong with it and the way out. */
export function listen(server: Server, place: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, place));
    server.once("error", onError);
    server.listen(place.port, place.host, () => {
      server.off("error", onError);
      resolve();
    });
  });
}

type Explained = { readonly code: GatewayErrorCode; readonly says: string };

const explained: ReadonlyMap<string, Explained> = new Map([
  ["EADDRINUSE", { code: "GATEWAY_PORT_IN_USE", says: "the port is in use: stop the program that has it, or choose another port" }],
  ["EACCES", { code: "GATEWAY_PORT_DENIED", says: "not permitted: choose a port above 1023, or run with the right to bind this one" }],
  [
    "EADDRNOTAVAIL",
    { code: "GATEWAY_ADDRESS_UNAVAILABLE", says: "this machine does not have the address: choose one that it has, or 0.0.0.0 for all" },
  ],
  ["ENOTFOUND", { code: "GATEWAY_ADDRESS_UNAVAILABLE", says: "the host name has no address: give an address, or a name that has one" }],
]);

function listenError(error: NodeJS.ErrnoException, { host, port }: Place): GatewayError {
  const known = explained.get(error.code ?? "");
  const where = `Cannot listen on ${escapeText(host)} port ${port}`;
  if (known === undefined) return new GatewayError("GATEWAY_LISTEN_FAILED", `${where}: ${escapeText(error.message)}`);
  return new GatewayError(known.code, `${where}: ${known.says}`);
}
