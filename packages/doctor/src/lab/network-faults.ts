import type { Asked, LabFault, LabFaultName, Looked } from "./fault.ts";
import { type NatMode, sourceRule } from "./firewall.ts";
import { CLIENT, FIREWALL, FIREWALL_LAN, type Lab, NEIGHBOUR, SERVICE } from "./lab.ts";
import { code, said } from "./lab-text.ts";
import { ECHO_PATH } from "./programs.ts";

/** A URL of an echo, as a client dials it. */
const urlOf = (hostAndPort: string): string => `http://${hostAndPort}${ECHO_PATH}`;

/** The public ways to the two services. */
const TO_SERVICE = `${FIREWALL}:18080`;
const TO_NEIGHBOUR = `${FIREWALL}:10080`;

export const fromClient = (hostAndPort: string, args: readonly string[] = []): Asked => ({
  from: "client",
  args: [urlOf(hostAndPort), "--from", CLIENT, ...args],
});

/** Whether a neighbour service behind the same firewall sees the client. */
async function lookAtNeighbour(lab: Lab): Promise<Looked> {
  const { from, args } = fromClient(TO_NEIGHBOUR);
  const { peers } = await lab.probe(from, args);
  return {
    known: { fact: "cmp.otherServiceReal", value: peers.every((peer) => peer === CLIENT) },
    how: said("labNeighbour", { peers: peers.join(", ") }),
  };
}

/** Whether replies of the service come back through the firewall. */
async function lookAtRoute(lab: Lab): Promise<Looked> {
  const routes = (await lab.run("service180", ["ip", "route", "show", "default"])).trim();
  return {
    known: { fact: "route.defaultViaEdge", value: routes.includes(`via ${FIREWALL_LAN}`) },
    how: routes === "" ? said("labNoRoute") : said("labRoute", { routes }),
  };
}

function natFault(name: LabFaultName, { mode, cause }: { readonly mode: NatMode; readonly cause: string }): LabFault {
  return {
    name,
    cause,
    client: CLIENT,
    async break(lab) {
      await lab.setNat(mode);
      return {
        done: [said("labRule", { rule: sourceRule(mode) })],
        ask: fromClient(TO_SERVICE),
        look: async () => [await lookAtNeighbour(lab), await lookAtRoute(lab)],
        async mend() {
          await lab.setNat("nat-off");
          return { done: [said("labRuleGone", { rule: sourceRule(mode) })] };
        },
      };
    },
  };
}

const hairpin: LabFault = {
  name: "nat-hairpin",
  cause: "hairpin-nat",
  client: NEIGHBOUR,
  async break(lab) {
    await lab.setNat("nat-on-inside");
    return {
      done: [said("labRule", { rule: sourceRule("nat-on-inside") })],
      ask: { from: "service112", args: [urlOf(TO_SERVICE), "--from", NEIGHBOUR] },
      async look() {
        const { from, args } = fromClient(TO_SERVICE);
        const { peers } = await lab.probe(from, args);
        return [
          {
            known: { fact: "cmp.insideOnly", value: peers.every((peer) => peer === CLIENT) },
            how: said("labOutside", { peers: peers.join(", ") }),
          },
        ];
      },
      mend: async () => ({
        done: [said("labNameInside", { address: SERVICE })],
        ask: { from: "service112", args: [urlOf(`${SERVICE}:8080`), "--from", NEIGHBOUR] },
      }),
    };
  },
};

const noWayBack: LabFault = {
  name: "no-return-route",
  cause: "asymmetric-route-workaround",
  client: CLIENT,
  async break(lab) {
    await lab.setNat("nat-on-for-180");
    await lab.run("service180", ["ip", "route", "del", "default"]);
    return {
      done: [said("labRule", { rule: sourceRule("nat-on-for-180") }), code("service180: ip route del default")],
      ask: fromClient(TO_SERVICE),
      look: async () => [await lookAtNeighbour(lab), await lookAtRoute(lab), await lookWithoutNat(lab)],
      async mend() {
        await lab.run("service180", ["ip", "route", "add", "default", "via", FIREWALL_LAN]);
        await lab.setNat("nat-off");
        return { done: [code(`service180: ip route add default via ${FIREWALL_LAN}`), said("labRuleGoneToo")] };
      },
    };
  },
};

/** Shows what the obvious fix alone would do, and takes it back. */
async function lookWithoutNat(lab: Lab): Promise<Looked> {
  await lab.setNat("nat-off");
  const { from, args } = fromClient(TO_SERVICE, ["--timeout-ms", "200", "--no-websocket"]);
  const { isAnswered } = await lab.probe(from, args);
  await lab.setNat("nat-on-for-180");
  return { how: said(isAnswered ? "labStillAnswers" : "labNothingAnswers") };
}

/** Faults below HTTP. */
export const NETWORK_FAULTS: readonly LabFault[] = [
  natFault("nat-on", {
    mode: "nat-on-for-180",
    cause: "snat-on-dnat-policy",
  }),
  natFault("nat-on-all", {
    mode: "nat-on-all",
    cause: "global-masquerade",
  }),
  hairpin,
  noWayBack,
];
