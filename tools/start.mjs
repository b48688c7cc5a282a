// Runs before anything is installed: only syntax and modules that Node 12 has, so that an old Node gets the line that says so.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { reportFault } from "./fault.mjs";
import { root, setup } from "./setup.mjs";

/**
 * `npm start`: sets up, then runs `wherefrom up` in this same process, so that Ctrl-C reaches it and nothing else. It is for trying things out on one's
 * own machine, so the API asks nobody for a token unless it is told to; it says so, and listens on loopback only.
 */
async function start() {
  setup();
  process.env["WHEREFROM_AUTH"] ||= "off";
  // by address, because it exists only now
  const { main } = await import(pathToFileURL(join(root, "packages", "cli", "dist", "main.js")).href);
  process.exitCode = await main(["up", ...process.argv.slice(2)]);
}

start().catch(reportFault);
