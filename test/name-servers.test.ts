import { writeFile } from "node:fs/promises";
import { beforeEach, expect, test } from "vitest";
import { repositoryPath } from "./process/repository.ts";
import { runWell } from "./process/run.ts";
import { openScratch } from "./process/scratch.ts";
import { requires } from "./requirement.ts";

const machine = requires("namespaces");
beforeEach(machine.check);

/** What the name server of a target's name does, and what a request is answered. */
const story = [
  { does: "is away", says: "UPSTREAM_UNREACHABLE" },
  { does: "answers", says: "here" },
  { does: "is away", says: "here" },
  { does: "fails", says: "here" },
  { does: "knows no such name", says: "UPSTREAM_UNREACHABLE" },
  { does: "is away", says: "UPSTREAM_UNREACHABLE" }, // what was taken away does not come back
  { does: "answers", says: "here" },
];

test("while the name server of a target is away or fails its last good address is used, and not once it says that the name is gone", async () => {
  const scratch = await openScratch();
  try {
    await writeFile(scratch.file("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
    // the system's own way to look names up, with our name server in the place of its own, for this process alone
    const inside = 'ip link set lo up && mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const program = [process.execPath, repositoryPath("test/lab/name-server.mjs"), ...story.map(({ does }) => does)];
    const said = await runWell(["unshare", "--net", "--mount", "sh", "-c", inside, scratch.file("resolv.conf"), ...program]);
    expect(JSON.parse(said)).toEqual(story.map(({ says }) => says));
  } finally {
    await scratch.remove();
  }
});
