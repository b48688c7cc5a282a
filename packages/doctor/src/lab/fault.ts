import type { FactValue } from "@wherefrom/diagnosis";
import type { LabMessageKey } from "../report/words/lab-en.ts";
import type { Lab } from "./lab.ts";
import type { LabText } from "./lab-text.ts";
import type { Probed } from "./programs.ts";
import type { HostName } from "./topology.ts";

/** What somebody found out beside the probe, and how; without `known` it is no fact for a diagnosis, and only to be seen. */
export type Looked = { readonly known?: { readonly fact: string; readonly value: FactValue }; readonly how: LabText };

/** Who asks, and how: options of `wherefrom doctor probe`. */
export type Asked = { readonly from: HostName; readonly args: readonly string[] };

/** A fault that is in the lab now. */
export type BrokenLab = {
  /** What was done, as commands or configuration. */
  readonly done: readonly LabText[];
  readonly ask: Asked;
  /** Looks at what a probe cannot see. Gets what the probe saw. */
  look(probed: Probed): Promise<readonly Looked[]>;
  /** Mends it, by what the probe proposed where it is a policy, and says what was done; `ask` where clients then ask otherwise. */
  mend(probed: Probed): Promise<{ readonly done: readonly LabText[]; readonly ask?: Asked }>;
};

/** The faults that there are words for. */
export type LabFaultName = NameIn<LabMessageKey>;

type NameIn<Key extends string> = Key extends `lab.about.${infer Name}` ? Name : never;

/** One way for the address to go wrong, which the lab makes, finds, mends and checks. */
export type LabFault = {
  /** Its message `lab.about.…` says in one sentence what is wrong. */
  readonly name: LabFaultName;
  /** Id of the cause that has to come out. */
  readonly cause: string;
  /** The address that the service has to see or to be told when it is mended. */
  readonly client: string;
  /** Whether telling it takes the first packets of connections, which tcpdump shows. */
  readonly needsTcpdump?: true;
  break(lab: Lab): Promise<BrokenLab>;
};
