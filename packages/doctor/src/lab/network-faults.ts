import type { Asked, LabFault, Looked } from "./fault.ts";
import { type NatMode, sourceRule } from "./firewall.ts";
import { CLIENT, FIREWALL, FIREWALL_LAN, type Lab, NEIGHBOUR, SERVICE } from "./lab.ts";
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
    how: `the neighbour, asked the same, sees ${peers.join(", ")}`,
  };
}

/** Whether replies of the service come back through the firewall. */
async function lookAtRoute(lab: Lab): Promise<Looked> {
  const routes = (await lab.run("service180", ["ip", "route", "show", "default"])).trim();
  return {
    known: { fact: "route.defaultViaEdge", value: routes.includes(`via ${FIREWALL_LAN}`) },
    how: `ip route show default, at the service: ${routes === "" ? "there is none" : routes}`,
  };
}

function natFault(
  name: string,
  { mode, about, cause }: { readonly mode: NatMode; readonly about: string; readonly cause: string },
): LabFault {
  return {
    name,
    about,
    cause,
    client: CLIENT,
    async break(lab) {
      await lab.setNat(mode);
      return {
        done: [`firewall, postrouting: ${sourceRule(mode)}`],
        ask: fromClient(TO_SERVICE),
        look: async () => [await lookAtNeighbour(lab), await lookAtRoute(lab)],
        async mend() {
          await lab.setNat("nat-off");
          return { done: [`firewall, postrouting: without ${sourceRule(mode)}`] };
        },
      };
    },
  };
}

const hairpin: LabFault = {
  name: "nat-hairpin",
  about: "Neighbours on the LAN dial the public address, and the firewall hides them behind its own",
  cause: "hairpin-nat",
  client: NEIGHBOUR,
  async break(lab) {
    await lab.setNat("nat-on-inside");
    return {
      done: [`firewall, postrouting: ${sourceRule("nat-on-inside")}`],
      ask: { from: "service112", args: [urlOf(TO_SERVICE), "--from", NEIGHBOUR] },
      async look() {
        const { from, args } = fromClient(TO_SERVICE);
        const { peers } = await lab.probe(from, args);
        return [
          {
            known: { fact: "cmp.insideOnly", value: peers.every((peer) => peer === CLIENT) },
            how: `from outside the service sees ${peers.join(", ")}`,
          },
        ];
      },
      mend: async () => ({
        done: [`name server of the LAN: the service's name is ${SERVICE} inside`],
        ask: { from: "service112", args: [urlOf(`${SERVICE}:8080`), "--from", NEIGHBOUR] },
      }),
    };
  },
};

const noWayBack: LabFault = {
  name: "no-return-route",
  about: "NAT is on because the service has no route back: switched off alone, nobody reaches it",
  cause: "asymmetric-route-workaround",
  client: CLIENT,
  async break(lab) {
    await lab.setNat("nat-on-for-180");
    await lab.run("service180", ["ip", "route", "del", "default"]);
    return {
      done: [`firewall, postrouting: ${sourceRule("nat-on-for-180")}`, "service180: ip route del default"],
      ask: fromClient(TO_SERVICE),
      look: async () => [await lookAtNeighbour(lab), await lookAtRoute(lab), await lookWithoutNat(lab)],
      async mend() {
        await lab.run("service180", ["ip", "route", "add", "default", "via", FIREWALL_LAN]);
        await lab.setNat("nat-off");
        return { done: [`service180: ip route add default via ${FIREWALL_LAN}`, "firewall, postrouting: then without it"] };
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
  return { how: `with NAT off for a moment ${isAnswered ? "it still answered" : "nothing answered at all"}` };
}

/** Faults below HTTP. */
export const NETWORK_FAULTS: readonly LabFault[] = [
  natFault("nat-on", {
    mode: "nat-on-for-180",
    about: "The firewall rewrites the source of what it maps to one service: the post-mortem's first fault",
    cause: "snat-on-dnat-policy",
  }),
  natFault("nat-on-all", {
    mode: "nat-on-all",
    about: "The firewall rewrites the source of everything that goes to the LAN",
    cause: "global-masquerade",
  }),
  hairpin,
  noWayBack,
];
