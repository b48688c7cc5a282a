import { type Prefix, parsePrefix, type Resolution } from "wherefrom";
import { hyphenated } from "../client-headers.ts";
import type { Bots, SecurityAction } from "../security-action.ts";
import { AddressIndex, type OwnedPrefix } from "./address-index.ts";
import { embeddedIn, textOf4 } from "./embedded.ts";
import type { Ending } from "./endings.ts";
import { finish, type Steps } from "./steps.ts";

/** Where an address is from, as far as the databases know. */
export type Place = {
  /** Number of the autonomous system, in decimal. */
  readonly asn: string | undefined;
  /** ISO 3166-1 alpha-2. */
  readonly region: string | undefined;
};

/** What of a request security actions look at. */
export type Looked = {
  readonly resolution: Resolution;
  readonly method: string;
  /** As sent, each line; empty when there is none. Asked only where an action names user agents. */
  readonly userAgents: () => readonly string[];
  /** Where an address is from. Asked only where an action names countries or networks' numbers. */
  readonly placeOf: (ip: string) => Place;
  /** Asked only where an action names routes. */
  readonly routeName: () => string | undefined;
  /** Whether an action that expires is over. Asked only where one does. */
  readonly isOver: (ending: Ending) => boolean;
};

/** What is to become of a request: the first action of the strongest effect, and what would have become of it were nothing only observed. */
export type Judgement = { readonly enforced: SecurityAction | undefined; readonly observed: SecurityAction | undefined };

const NOTHING: Judgement = { enforced: undefined, observed: undefined };

/** A resolved address, those that it stands for, and whether somebody vouches for it. */
type Address = { readonly first: Prefix["first"]; readonly inner: readonly Prefix["first"][]; readonly trust: Resolution["trust"] };

/** An action as it is asked: its lists are sets, and its networks stand in the index. */
type CompiledAction = {
  readonly action: SecurityAction;
  /** Where it stands among all of them. */
  readonly place: number;
  /** When it does nothing any more. */
  readonly ending: Ending | undefined;
  readonly methods: ReadonlySet<string> | undefined;
  readonly userAgents: ReadonlySet<string> | undefined;
  readonly routes: ReadonlySet<string> | undefined;
  readonly asns: ReadonlySet<string> | undefined;
  readonly regions: ReadonlySet<string> | undefined;
};

/**
 * The security actions of one snapshot. Ranges of all of them stand in one index, so that a request costs the same however many there are; actions
 * without ranges are asked one by one.
 */
export class SecurityActions {
  readonly #actions: readonly CompiledAction[];
  readonly #index: AddressIndex;
  readonly #anywhere: readonly CompiledAction[];
  readonly #flagNames: ReadonlySet<string>;
  /** When those end that expire. */
  readonly endings: readonly Ending[];

  /** `bots` says whom the actions mean that name reasons. */
  static of(actions: readonly SecurityAction[], bots: readonly Bots[] = []): SecurityActions {
    return finish(SecurityActions.building(actions, bots));
  }

  /** The same in steps. */
  static *building(actions: readonly SecurityAction[], bots: readonly Bots[] = []): Steps<SecurityActions> {
    return new SecurityActions(actions, yield* AddressIndex.building(ownedNetworks(actions, bots)));
  }

  private constructor(actions: readonly SecurityAction[], index: AddressIndex) {
    this.#actions = actions.map(compile);
    this.endings = this.#actions.flatMap(({ ending }) => ending ?? []);
    this.#anywhere = this.#actions.filter(({ action }) => !namesNetworks(action));
    this.#index = index;
    this.#flagNames = new Set(actions.flatMap(({ flag }) => flag?.headers.map(({ name }) => hyphenated(name.toLowerCase())) ?? []));
  }

  /** The headers that any of them sets, in lower case and with hyphens. What a client sends by one, in any spelling that a target takes for it, would look like a flag. */
  get flagNames(): ReadonlySet<string> {
    return this.#flagNames;
  }

  /** Whether there are none: then there is nothing to judge. */
  get isEmpty(): boolean {
    return this.#actions.length === 0;
  }

  /** Whether any of them asks where an address is from. */
  get asksForPlaces(): boolean {
    return this.#actions.some(({ asns, regions }) => asns !== undefined || regions !== undefined);
  }

  /** Judges a request that has an address. Source of the order: Apigee, "allow, deny, flag". */
  judge(looked: Looked): Judgement {
    const reading = parsePrefix(looked.resolution.ip ?? "");
    if (reading.kind !== "prefix") return NOTHING;
    const { first } = reading.prefix;
    const inner = embeddedIn(first);
    const places = placesOf(looked, inner);
    const candidates = this.#candidates({ first, inner, trust: looked.resolution.trust });
    const matching = candidates.filter((candidate) => holds(candidate, looked) && holdsFor(candidate, places));
    // The index gives those of inner networks before those of outer ones.
    if (matching.length > 1) matching.sort((one, other) => one.place - other.place);
    if (matching.length === 0) return NOTHING;
    return {
      enforced: strongest(matching.filter(({ action }) => !action.isObserved)),
      observed: strongest(matching),
    };
  }

  /** Those whose ranges hold the address, and those without any. */
  #candidates({ first, inner, trust }: Address): readonly CompiledAction[] {
    const found = new Set(this.#anywhere.filter(({ action }) => !judgesAddress(action) || believes(action, trust)));
    this.#collect(this.#index.ownersOf(first), { into: found, takes: (action) => believes(action, trust) });
    // An address that only stands for another one may be refused for that one's sake, and not let in for it.
    for (const words of inner) {
      const takes = (action: SecurityAction): boolean => action.allow === undefined && believes(action, trust);
      this.#collect(this.#index.ownersOf(words), { into: found, takes });
    }
    return [...found];
  }

  #collect(
    owners: readonly number[],
    { into, takes }: { readonly into: Set<CompiledAction>; readonly takes: (action: SecurityAction) => boolean },
  ): void {
    for (const owner of owners) {
      const candidate = this.#actions[owner];
      if (candidate !== undefined && takes(candidate.action)) into.add(candidate);
    }
  }
}

/** An address that the client may have made up lets nobody in and shuts nobody out, unless the action says that it may. A flag changes neither. */
function believes({ flag, matchUnverified }: SecurityAction, trust: Resolution["trust"]): boolean {
  return trust === "verified" || matchUnverified || flag !== undefined;
}

/** Whether any of its conditions is about the address. Ranges are asked for elsewhere. */
function judgesAddress({ conditionConfig: { asns, regionCodes } }: SecurityAction): boolean {
  return asns !== undefined || regionCodes !== undefined;
}

function compile(action: SecurityAction, place: number): CompiledAction {
  const { httpMethods, userAgents, asns, regionCodes } = action.conditionConfig;
  return {
    action,
    place,
    ending: action.expireTime === undefined ? undefined : endingOf(action.name, Date.parse(action.expireTime)),
    methods: setOf(httpMethods),
    userAgents: setOf(userAgents),
    routes: setOf(action.apiProxies),
    asns: setOf(asns),
    regions: setOf(regionCodes),
  };
}

function endingOf(name: string, endsAtMs: number): Ending {
  return { key: `${name} ${endsAtMs}`, endsAtMs };
}

function setOf(values: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return values && new Set(values);
}

/** Whether an action is for clients in certain networks only. */
function namesNetworks({ conditionConfig: { ipAddressRanges, botReasons } }: SecurityAction): boolean {
  return ipAddressRanges !== undefined || botReasons !== undefined;
}

/** One after another: a million of them at a time would take half a gigabyte. */
function* ownedNetworks(actions: readonly SecurityAction[], bots: readonly Bots[]): Iterable<OwnedPrefix> {
  for (const [owner, action] of actions.entries()) for (const prefix of networksOf(action, bots)) yield { prefix, owner };
}

/** The networks that an action is for: its ranges, or the bots that it means, or where it names both what is in both. */
function networksOf({ conditionConfig: { ipAddressRanges, botReasons } }: SecurityAction, bots: readonly Bots[]): Iterable<Prefix> {
  if (botReasons === undefined) return prefixesOf(ipAddressRanges ?? []);
  const meant = bots.filter(({ reason }) => botReasons.includes(reason)).flatMap(({ networks }) => networks);
  if (ipAddressRanges === undefined) return prefixesOf(meant);
  const [ranges, networks] = [[...prefixesOf(ipAddressRanges)], [...prefixesOf(meant)]];
  return [...within(networks, ranges), ...within(ranges, networks)];
}

function* prefixesOf(texts: readonly string[]): Iterable<Prefix> {
  for (const text of texts) {
    const reading = parsePrefix(text);
    if (reading.kind === "prefix") yield reading.prefix;
  }
}

/** Those of the networks that lie in one of the others as a whole. */
function within(networks: readonly Prefix[], others: readonly Prefix[]): readonly Prefix[] {
  const index = AddressIndex.of(others.map((prefix, owner) => ({ prefix, owner })));
  return networks.filter(({ first, length }) =>
    index.ownersOf(first).some((other) => (others[other]?.length ?? Number.POSITIVE_INFINITY) <= length),
  );
}

/** Whether all conditions beside the ranges hold. */
function holds({ ending, methods, userAgents, routes }: CompiledAction, looked: Looked): boolean {
  if (methods !== undefined && !methods.has(looked.method)) return false;
  if (userAgents !== undefined && !looked.userAgents().some((sent) => userAgents.has(sent))) return false;
  if (ending !== undefined && looked.isOver(ending)) return false;
  return routes === undefined || routes.has(looked.routeName() ?? "");
}

type Places = { readonly own: () => Place; readonly all: () => readonly Place[] };

/** Where the address is from, and where those are from that it stands for; each looked up once, and only when somebody asks. */
function placesOf({ resolution: { ip }, placeOf }: Looked, inner: Address["inner"]): Places {
  let own: Place | undefined;
  let all: readonly Place[] | undefined;
  const lookUp = (): Place => {
    own ??= placeOf(ip ?? "");
    return own;
  };
  const lookUpAll = (): readonly Place[] => {
    all ??= [lookUp(), ...inner.map((words) => placeOf(textOf4(words)))];
    return all;
  };
  return { own: lookUp, all: lookUpAll };
}

/** Whether the conditions about places hold, for one of the places: of an allow, only for that of the address itself. */
function holdsFor({ action, asns, regions }: CompiledAction, places: Places): boolean {
  if (asns === undefined && regions === undefined) return true;
  const looked = action.allow === undefined ? places.all() : [places.own()];
  return looked.some((place) => isIn(asns, place.asn) && isIn(regions, place.region));
}

function isIn(wanted: ReadonlySet<string> | undefined, value: string | undefined): boolean {
  return wanted === undefined || (value !== undefined && wanted.has(value));
}

/** The first allow; else the first deny; else the first flag. */
function strongest(matching: readonly CompiledAction[]): SecurityAction | undefined {
  const named = (effect: "allow" | "deny" | "flag") => matching.find(({ action }) => action[effect] !== undefined);
  return (named("allow") ?? named("deny") ?? named("flag"))?.action;
}
