import { connect } from "node:net";

/** Sends bytes over a connection of their own, and gives everything that comes back until the server closes. */
export function sendRaw(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ host: "127.0.0.1", port }, () =>
      socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes),
    );
    socket.on("data", (part: Buffer) => parts.push(part));
    socket.on("close", () => resolve(Buffer.concat(parts).toString("latin1")));
    socket.on("error", reject);
  });
}

/** A request as its lines, with the blank one at the end. */
export function requestOf(...lines: readonly string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}
