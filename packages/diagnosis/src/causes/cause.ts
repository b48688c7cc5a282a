/** What it takes to learn a signal or run a test, from the cheapest: look, look closer, ask, read a configuration, be root somewhere. */
export type Cost = "passive" | "low" | "probe" | "config" | "helper";

/** Something that can be known of a request, a host or a path, and how it is learned. */
export type Signal = {
  readonly name: string;
  readonly cost: Cost;
  readonly how: string;
} & ({ readonly type: "boolean" | "integer" | "number" } | { readonly type: "enum" | "set"; readonly values: readonly string[] });

/** Something a person or a program can do to learn signals. */
export type Examination = { readonly id: string; readonly cost: Cost; readonly reveals: readonly string[] };

/** A value that a signal was found to have. A set is a list without order. */
export type FactValue = boolean | number | string | readonly string[];

/** What a signal's value is compared with. */
export type Condition =
  | { readonly kind: "is" | "isNot"; readonly value: boolean | number | string }
  | { readonly kind: "in"; readonly value: readonly string[] }
  | { readonly kind: "has" | "lacks"; readonly value: string }
  | { readonly kind: "atLeast" | "above" | "below"; readonly value: number };

/** One reason to believe in a cause, or not to. Its weight is added to the score, or taken from it, when the condition holds. */
export type Clue = { readonly signal: string; readonly condition: Condition; readonly weight: number };

/** What has to be proven before a fix may be made. `return-route`: the service's replies come back through the edge. */
export type Precondition = "return-route";

/** A change that ends a cause, on one product. Without `do` the words of the languages say what to do. */
export type Fix = { readonly on: string; readonly do?: string; readonly needs?: Precondition };

/** Where the client's address goes missing. `network`: below HTTP, where no header can bring it back. */
export type LossPlace = "network" | "proxy" | "application" | "client" | "nowhere";

/** One reason why an address is wrong, without its words: those are in the languages. */
export type Cause = {
  readonly id: string;
  readonly layer: Layer;
  /** How common it is beside the others, before anything is known. */
  readonly prior: number;
  readonly lostAt: LossPlace;
  /** Whether the kernel or a device rewrites the source of routed packets, so that everybody behind it looks the same. */
  readonly sourceNat: boolean;
  /** The cause whose fixes are to be used where a precondition of this one's is known to fail. */
  readonly instead?: string;
  readonly for: readonly Clue[];
  readonly against: readonly Clue[];
  /** Ids of the examinations that settle it. */
  readonly tests: readonly string[];
  readonly fixes: readonly Fix[];
  /** Ids of the examinations that show that the fix worked. */
  readonly verify: readonly string[];
};

/** The layers, each a file of causes. */
export const LAYERS = ["network", "container", "kubernetes", "cloud", "proxy", "application", "client", "probe"] as const;

export type Layer = (typeof LAYERS)[number];

/** All that the diagnosis knows before it is told anything. */
export type Catalogue = {
  readonly signals: ReadonlyMap<string, Signal>;
  readonly examinations: ReadonlyMap<string, Examination>;
  readonly causes: readonly Cause[];
};

/** Whether a condition holds for a value. */
export function holds({ kind, value }: Condition, fact: FactValue): boolean {
  switch (kind) {
    case "is":
      return fact === value;
    case "isNot":
      return fact !== value;
    case "in":
      return typeof fact === "string" && value.includes(fact);
    case "has":
      return Array.isArray(fact) && fact.includes(value);
    case "lacks":
      return Array.isArray(fact) && !fact.includes(value);
    case "atLeast":
      return typeof fact === "number" && fact >= value;
    case "above":
      return typeof fact === "number" && fact > value;
    case "below":
      return typeof fact === "number" && fact < value;
  }
}
