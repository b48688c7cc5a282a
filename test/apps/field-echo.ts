import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A service that answers each request with the fields that it came with, as a JSON list of names and values in wire order. */
export type FieldEcho = { readonly port: number; close(): Promise<void> };

export async function openFieldEcho(): Promise<FieldEcho> {
  const server = createServer((request, response) => response.end(JSON.stringify(request.rawHeaders)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
