import { LabError } from "./errors.ts";
import type { LabFault } from "./fault.ts";
import { DEFAULT_WAIT_MS } from "./process/place.ts";
import { run } from "./process/run.ts";

type Program = readonly [program: string, word: string, debianPackage: string];

/** Programs that the lab runs, and the Debian packages that bring them. */
const PROGRAMS: readonly Program[] = [
  ["ip", "-V", "iproute2"],
  ["nft", "--version", "nftables"],
];

/** What some faults need beside. */
const TCPDUMP: Program = ["tcpdump", "--version", "tcpdump"];

/** Makes sure that the lab can be opened here for these faults. Errors: LAB_NOT_POSSIBLE, with all that is missing. */
export async function requireLab(
  faults: readonly LabFault[],
  { waitMs = DEFAULT_WAIT_MS }: { readonly waitMs?: number } = {},
): Promise<void> {
  const missing: string[] = [];
  if (process.platform !== "linux" || process.getuid?.() !== 0) missing.push("it makes network namespaces, which takes root on Linux");
  for (const [program, word, debianPackage] of faults.some(({ needsTcpdump }) => needsTcpdump === true)
    ? [...PROGRAMS, TCPDUMP]
    : PROGRAMS) {
    if (!(await isThere([program, word], waitMs)))
      missing.push(`there is no ${program}: install ${debianPackage} (apt-get install ${debianPackage})`);
  }
  if (missing.length > 0) throw new LabError("LAB_NOT_POSSIBLE", `The lab cannot be opened here: ${missing.join("; ")}`);
}

/** Whether a program is there and runs. */
async function isThere(command: readonly string[], timeoutMs: number): Promise<boolean> {
  return run(command, { timeoutMs }).then(
    ({ exitCode }) => exitCode === 0,
    () => false,
  );
}
