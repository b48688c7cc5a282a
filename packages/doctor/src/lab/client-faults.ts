import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { examineEnvTree } from "../env-files/examine.ts";
import { scanEnvTree } from "../env-files/scan.ts";
import type { LabFault, Looked } from "./fault.ts";
import { CLIENT, CLOUD, FIREWALL, type Lab } from "./lab.ts";
import { code, said } from "./lab-text.ts";
import { fromClient } from "./network-faults.ts";
import { ECHO_PATH } from "./programs.ts";
import { silentProxy } from "./proxy-faults.ts";

const STALE = `SERVER_URL=http://${CLOUD}:80\n`;
const RIGHT = `SERVER_URL=http://${FIREWALL}:18080\n`;

/** A device's folders as in the post-mortem: the file that was kept up to date is not the one that is read. */
function writeSettings(lab: Lab): { readonly folder: string; readonly read: string } {
  const folder = join(lab.folder, "software");
  mkdirSync(join(folder, "iot_client"), { recursive: true });
  writeFileSync(join(folder, ".env"), STALE);
  writeFileSync(join(folder, "iot_client", ".env"), RIGHT);
  return { folder, read: join(folder, ".env") };
}

async function lookAtFiles(folder: string): Promise<Looked> {
  const { findings } = examineEnvTree(await scanEnvTree(folder));
  const differs = findings.some(({ kind }) => kind === "endpoint-differs" || kind === "shadowed" || kind === "stale");
  return {
    known: { fact: "env.shadowed", value: differs },
    how: said("labEnvFiles", { findings: findings.map(({ kind, path }) => `${path} ${kind}`).join(", ") }),
  };
}

/** Whether a device that dials the right address is seen as it is. */
async function lookAtOtherDevice(lab: Lab): Promise<Looked> {
  const { from, args } = fromClient(`${FIREWALL}:18080`);
  const { peers } = await lab.probe(from, args);
  return {
    known: { fact: "cmp.someClientsOnly", value: peers.every((peer) => peer === CLIENT) },
    how: said("labOtherDevice", { peers: peers.join(", ") }),
  };
}

const staleEnv: LabFault = {
  name: "stale-env",
  cause: "stale-env-endpoint",
  client: CLIENT,
  async break(lab) {
    await silentProxy(lab);
    const { folder, read } = writeSettings(lab);
    const ask = {
      from: "client",
      args: ["--setting", `${read}:SERVER_URL`, "--path", ECHO_PATH, "--expect", FIREWALL, "--from", CLIENT],
    } as const;
    return {
      done: [code(`software/.env: ${STALE.trim()}`), code(`software/iot_client/.env: ${RIGHT.trim()}`)],
      ask,
      look: async () => [
        await lookAtFiles(folder),
        await lookAtOtherDevice(lab),
        { known: { fact: "dns.matchesExpected", value: true }, how: said("labNoName") },
        { known: { fact: "peer.range", value: ["own-cloud-proxy"] }, how: said("labListed", { address: CLOUD }) },
      ],
      async mend() {
        writeFileSync(read, RIGHT);
        return { done: [code(`software/.env: ${RIGHT.trim()}`)] };
      },
    };
  },
};

/** Faults of what clients dial. */
export const CLIENT_FAULTS: readonly LabFault[] = [staleEnv];
