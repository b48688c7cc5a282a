import { createServer } from "node:net";

/** A port of 127.0.0.1 that was free a moment ago. Not reserved: who uses it must be ready to lose the race and ask again. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("A TCP server has an address and a port");
  return address.port;
}
