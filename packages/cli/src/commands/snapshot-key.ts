import { existsSync } from "node:fs";
import type { Command } from "commander";
import { CliError } from "../errors.ts";
import { switchOption } from "../option-values.ts";
import { openOutput } from "../output.ts";
import { signingKeyOption, signingKeyPlace } from "../signing-key.ts";

const DEFAULT_FILE = "./data/snapshot-key.pem";

const EXAMPLES = `
Examples:
  $ wherefrom snapshot-key
  $ wherefrom snapshot-key --signing-key /var/lib/wherefrom/snapshot-key.pem
  $ wherefrom snapshot-key --make --signing-key ./next-key.pem    # the key to change to
  $ wherefrom gateway --control http://127.0.0.1:8081 --control-token-file gateway.key --snapshot-key "$(wherefrom snapshot-key)"

It prints the public half, which is no secret. To change the key: give the gateways both public keys, then control the new file, then
the gateways the new key alone.`;

type SnapshotKeyOptions = { readonly signingKey?: string; readonly make?: boolean; readonly json?: boolean };

/** Adds `wherefrom snapshot-key`: shows by which key gateways can tell control's snapshots. */
export function addSnapshotKeyCommand(program: Command): void {
  program
    .command("snapshot-key")
    .description("Show the public key that snapshots are signed with")
    .addOption(signingKeyOption(`default: ${DEFAULT_FILE}`))
    .addOption(switchOption("--make", "make the file, with a new key, when it is not there", "WHEREFROM_SIGNING_KEY_MAKE"))
    .addOption(switchOption("--json", "write one JSON object with a version", "WHEREFROM_JSON"))
    .addHelpText("after", EXAMPLES)
    .action(showKey);
}

async function showKey({ signingKey, make, json }: SnapshotKeyOptions): Promise<void> {
  const { snapshotKey: place = { file: DEFAULT_FILE } } = signingKeyPlace(signingKey);
  if ("file" in place && make !== true && !existsSync(place.file)) {
    const wayOut = "Start control once, name another with --signing-key FILE (WHEREFROM_SIGNING_KEY), or make one with --make";
    throw new CliError("SNAPSHOT_KEY_ABSENT", `There is no key in ${JSON.stringify(place.file)}. ${wayOut}`);
  }
  const { openSnapshotKey } = await import("@wherefrom/control");
  const { publicKey } = openSnapshotKey(place);
  await openOutput(process.stdout).write(json === true ? `${JSON.stringify({ version: 1, snapshotKey: publicKey })}\n` : `${publicKey}\n`);
}
