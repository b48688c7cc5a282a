import { renameSync } from "node:fs";
import { createServer } from "node:net";

/** A process that is killed takes its socket away no more: so the file is moved out of the closing server's sight and back. */
export async function leaveSocketFile(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.first`, resolve));
  renameSync(`${path}.first`, path);
  await new Promise((resolve) => server.close(resolve));
}
