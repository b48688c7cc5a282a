import { DEFAULT_EVENT_SETTINGS, Endings } from "@wherefrom/model";
import { parsePrefix } from "wherefrom";
import { environmentName } from "../api/environment-json.ts";
import type { Sighting } from "../config-store/incident-port.ts";
import type { EnvironmentKey, EnvironmentRecord } from "../config-store/port.ts";
import { environmentLooks } from "../environment-looks.ts";
import type { CountedClients } from "../event-store/activity.ts";
import type { EventStore } from "../event-store/port.ts";
import { lookRegularly, type RegularLook } from "../look-regularly.ts";
import type { ControlParts } from "../parts.ts";
import { providersFor } from "../ranges.ts";
import { securityOf } from "../security-content.ts";
import type { ActivityWindow } from "./activity.ts";
import { type EnvironmentAbuse, environmentAbuse, type RuleWindow } from "./environment-abuse.ts";
import { judgeWindow, type Suspicion } from "./judge.ts";
import { refreshBots } from "./refresh-bots.ts";
import { windowLooks } from "./window-looks.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Parts that a window is divided in: of a day five minutes each. */
const WINDOW_PARTS = 288;

/**
 * Looks in the events of all environments for clients that look like abusers, every `abuseLookMs`, and notes them as incidents. Nobody is denied by that alone;
 * gateways are told of them where security actions name `botReasons`. Of several controls over the same events one looks at an environment.
 */
export function watchAbuse(parts: ControlParts): RegularLook {
  const everyMs = parts.limits.abuseLookMs;
  const onFault = (environment: string | undefined, error: unknown): void =>
    parts.onNotice({ kind: "abuse-not-judged", environment, error });
  const lookIfMine = environmentLooks(parts, { of: "abuse", everyMs, onFault: (key, error) => onFault(nameOf(key), error) });
  const state: LookState = {
    lookIfMine,
    lookIfDue: windowLooks(),
    cut: new Map(),
    endings: endingsOf(parts),
    withBots: undefined,
    isOver: false,
  };
  const { look, close } = lookRegularly({
    look: () => lookAtAll(parts, state),
    onFault: (error) => onFault(undefined, error),
    everyMs,
  });
  return {
    look,
    close() {
      state.isOver = true;
      return close();
    },
  };
}

/** What one look leaves for the next. */
type LookState = {
  readonly lookIfMine: ReturnType<typeof environmentLooks>;
  readonly lookIfDue: ReturnType<typeof windowLooks>;
  /** Windows of an environment of which clients were left out at their last look, in minutes: that is told once. */
  readonly cut: Map<string, Set<number>>;
  /** When clients are held no more. */
  readonly endings: Endings;
  /** Those whose gateways have lists of bots, which end also when no events come any more. `undefined` until that was looked up. */
  withBots: Map<string, EnvironmentKey> | undefined;
  isOver: boolean;
};

/** Of some environments with as many incidents as there may be; of more, the times that were heard of first are those of the clock alone. */
const ENVIRONMENTS_HELD = 100;

function endingsOf({ now, limits }: ControlParts): Endings {
  return new Endings({ wall: now, steady: () => performance.now() }, { maxKnown: ENVIRONMENTS_HELD * limits.maxIncidents });
}

async function lookAtAll(parts: ControlParts, state: LookState): Promise<void> {
  const { eventStore } = parts;
  state.withBots ??= await environmentsWithBots(parts);
  const { withBots } = state;
  const busy = new Map((await (eventStore?.environments() ?? [])).map((key) => [nameOf(key), key]));
  for (const [name, key] of new Map([...withBots, ...busy])) {
    if (state.isOver) return;
    const isDone = await state.lookIfMine(key, async () => {
      const environment = await parts.store.of(key.organization).read(key.environment);
      withBots.delete(name);
      if (environment === undefined) return;
      if (securityOf(environment).bots !== undefined) withBots.set(name, key);
      if (eventStore !== undefined && busy.has(name)) await lookAt(parts, { key, environment, eventStore, state });
      await refreshBots(parts, { key, environment, endings: state.endings });
    });
    // whoever looks may end, and a list that it has made has to end too
    if (!isDone) withBots.set(name, key);
  }
}

async function environmentsWithBots({ store }: ControlParts): Promise<Map<string, EnvironmentKey>> {
  const found = new Map<string, EnvironmentKey>();
  for (const { name: organization } of await store.organizations()) {
    const { environments } = await store.of(organization).readAll();
    for (const [environment, record] of environments) {
      const key = { organization, environment };
      if (securityOf(record).bots !== undefined) found.set(nameOf(key), key);
    }
  }
  return found;
}

type Looking = {
  readonly key: EnvironmentKey;
  readonly environment: EnvironmentRecord;
  readonly eventStore: EventStore;
  readonly state: LookState;
};

async function lookAt(parts: ControlParts, { key, environment, eventStore, state }: Looking): Promise<void> {
  const { ranges, limits, store, onNotice, now } = parts;
  const { abuseDetection = {}, events = {} } = environment.settings;
  const { addresses = DEFAULT_EVENT_SETTINGS.addresses, retentionDays = DEFAULT_EVENT_SETTINGS.retentionDays } = events;
  if (addresses !== "PLAIN") return;
  const abuse = environmentAbuse(abuseDetection, providersFor(ranges, environment));
  for (const window of abuse.windows) {
    if (state.isOver) return;
    const lengthMs = window.windowMinutes * MINUTE_MS;
    const at = now();
    await state.lookIfDue({ name: `${nameOf(key)} ${window.windowMinutes}`, lengthMs, at }, async () => {
      const { staticEndings } = abuse;
      const question = { from: at - lengthMs, until: at + 1, parts: WINDOW_PARTS, staticEndings, maxClients: limits.maxAbuseClients };
      const counted = await eventStore.countClients(key, question);
      noteWhole(parts, { cut: state.cut, name: nameOf(key), windowMinutes: window.windowMinutes, isWhole: counted.isWhole });
      const sightings = sightingsIn(counted, { window, abuse, at }).slice(0, limits.maxIncidents);
      const keeping = { forgetBefore: at - retentionDays * DAY_MS, maxIncidents: limits.maxIncidents };
      const begun = await store.incidents.note(key, sightings, keeping);
      if (begun.length > 0) onNotice({ kind: "incidents-begun", environment: nameOf(key), incidents: begun });
    });
  }
}

type Whole = Pick<LookState, "cut"> & { readonly name: string; readonly windowMinutes: number; readonly isWhole: boolean };

function noteWhole({ onNotice, limits }: ControlParts, { cut, name, windowMinutes, isWhole }: Whole): void {
  const windows = cut.get(name) ?? new Set();
  if (isWhole) windows.delete(windowMinutes);
  else if (windows.size === 0) onNotice({ kind: "abuse-clients-left-out", environment: name, maxClients: limits.maxAbuseClients });
  if (!isWhole) windows.add(windowMinutes);
  cut.set(name, windows);
}

function nameOf({ organization, environment }: EnvironmentKey): string {
  return environmentName(organization, environment);
}

type Window = { readonly window: RuleWindow; readonly abuse: EnvironmentAbuse; readonly at: number };

/** Those of the greatest amounts first, of each rule. */
function sightingsIn(counted: CountedClients, { window, abuse, at }: Window): Sighting[] {
  const activity = windowOf(counted);
  return window.rules.flatMap((rule) =>
    judgeWindow(activity, { rule, settings: abuse.settings }).map((suspicion) =>
      sightingOf(suspicion, { windowMinutes: window.windowMinutes, at }),
    ),
  );
}

function windowOf({ requests, clients }: CountedClients): ActivityWindow {
  return {
    parts: WINDOW_PARTS,
    requests,
    clients: clients.map(({ client, ...counts }) => {
      const reading = parsePrefix(client);
      if (reading.kind !== "prefix") throw new Error(`Expected the network of a client, received ${client}`);
      return { client: reading.prefix, ...counts };
    }),
  };
}

type Seen = { readonly windowMinutes: number; readonly at: number };

function sightingOf({ rule, client, kind, activity, ...seen }: Suspicion, { windowMinutes, at }: Seen): Sighting {
  const { client: _client, ...counts } = activity;
  return { rule, client: client.text, isShared: kind === "shared-address", at, evidence: { windowMinutes, ...seen, counts } };
}
