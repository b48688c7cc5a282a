import { spawnSync } from "node:child_process";
import { beforeEach, describe, expect, test } from "vitest";
import { wherefrom } from "./apps/wherefrom.ts";
import { repositoryPath } from "./process/repository.ts";
import { runWell } from "./process/run.ts";
import { type Started, start } from "./process/started.ts";
import { until } from "./process/until.ts";
import { requires } from "./requirement.ts";

const bin = repositoryPath("packages/cli/bin/wherefrom.js");

/** Three networks with all their programs at once: on a busy machine they take minutes. */
const PATIENCE_MS = 240_000;

const machine = requires("namespaces");

/** Network namespaces of a process's labs. */
async function namespacesOf({ pid }: Started): Promise<readonly string[]> {
  return (await runWell(["ip", "netns", "list"])).split("\n").filter((line) => line.startsWith(`wf${pid}-`));
}

type Told = {
  readonly isGood: boolean;
  readonly steps: readonly {
    readonly step: string;
    readonly cause?: string;
    readonly isMended?: boolean;
    readonly peers?: readonly string[];
  }[];
};

describe("wherefrom doctor lab", () => {
  beforeEach(machine.check);

  // the other faults are held to more in the tests of the network and of the doctor in it
  const rows = [
    { fault: "nat-hairpin", cause: "hairpin-nat", before: ["10.77.0.1"], after: ["10.77.0.112"] },
    { fault: "proxy-protocol-unexpected", cause: "proxy-protocol-unexpected", before: [], after: ["127.0.0.1"] },
    { fault: "proxy-protocol-missing", cause: "proxy-protocol-missing", before: [], after: ["127.0.0.1"] },
  ];
  test.concurrent.each(rows)(
    "$fault: finds $cause, mends it and verifies",
    async ({ fault, cause, before, after }) => {
      const { exitCode, stdout, stderr } = await wherefrom(["doctor", "lab", "--fault", fault, "--json", "--wait", "50s"], {
        timeoutMs: PATIENCE_MS,
      });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const { isGood, steps } = JSON.parse(stdout) as Told;
      expect(isGood).toBe(true);
      expect(steps.map(({ step }) => step)).toEqual(["broken", "seen", "looked", "diagnosed", "mended", "verified"]);
      expect({ before: steps[1]?.peers, cause: steps[3]?.cause, after: steps[5]?.peers, isMended: steps[5]?.isMended }).toEqual({
        before,
        cause,
        after,
        isMended: true,
      });
    },
    PATIENCE_MS,
  );

  test("Ctrl-C takes everything away", async () => {
    const running = start([process.execPath, bin, "doctor", "lab", "--fault", "nat-on", "--wait", "50s"]);
    await running.ready("tells its first step", () => running.stdout().includes("broken"));
    expect(await namespacesOf(running)).toHaveLength(7);
    expect((await running.stop("SIGINT")).exitCode).toBe(130);
    await until("its namespaces are gone", async () => (await namespacesOf(running)).length === 0);
  });
});

test.runIf(process.getuid?.() === 0)("without root it says what it takes, and makes nothing", () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [bin, "doctor", "lab"], { encoding: "utf8", uid: 65_534 });
  expect({ status, stdout, stderr }).toEqual({ status: 3, stdout: "", stderr: expect.stringContaining("which takes root on Linux") });
  expect(stderr).toContain("[LAB_NOT_POSSIBLE]");
});

test("the list of faults names each, and needs nothing", async () => {
  const { exitCode, stdout } = await wherefrom(["doctor", "lab", "--list", "--json"]);
  const { faults } = JSON.parse(stdout) as { readonly faults: readonly { readonly name: string }[] };
  expect({ exitCode, names: faults.map(({ name }) => name) }).toEqual({
    exitCode: 0,
    names: [
      "nat-on",
      "nat-on-all",
      "nat-hairpin",
      "no-return-route",
      "stale-env",
      "cloud-no-headers",
      "cloud-headers-unread",
      "forged-headers",
      "relay",
      "proxy-protocol-unexpected",
      "proxy-protocol-missing",
    ],
  });
});
