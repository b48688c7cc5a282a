import { createHash } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Bots, botsSchema, type SecurityAction, SecurityActions, type Steps, securityActionSchema } from "@wherefrom/model";

/** What a snapshot says of security actions, as JSON. */
export type ActionLists = { readonly securityActions?: unknown; readonly bots?: unknown };

/** Security actions that were built before the snapshot that has them is compiled. `digest`: of their JSON. `undefined`: there is something in it that is none. */
export type PreparedActions = { readonly digest: string; readonly securityActions: SecurityActions | undefined };

/** Those that are in use already. */
export type ActionsInUse = { readonly digest: string; readonly securityActions: SecurityActions };

/** Fewer networks are built in one go: that takes less than a tenth of a second. */
const MANY_NETWORKS = 20_000;
/** How long requests wait for a part of the work. */
const SLICE_MS = 10;

/** Whether they name so many networks that requests would have to wait while they are built. A guess by the lists' lengths: what they hold is not looked at. */
export function nameManyNetworks({ securityActions, bots }: ActionLists): boolean {
  const counts = [...lengthsIn(securityActions, (action) => fieldOf(fieldOf(action, "conditionConfig"), "ipAddressRanges"))];
  counts.push(...lengthsIn(bots, (bot) => fieldOf(bot, "networks")));
  return counts.reduce((sum, count) => sum + count, 0) > MANY_NETWORKS;
}

/** Builds them beside the requests that go on, unless they are in use. What in them is none is found, and told, when the snapshot is compiled. */
export async function prepareActions(lists: ActionLists, inUse?: ActionsInUse): Promise<PreparedActions> {
  const steps = preparing(lists, inUse);
  for (;;) {
    // Before the first step, too: the text of the snapshot was read just now, in one go.
    await nextTurn();
    const endsAtMs = performance.now() + SLICE_MS;
    while (performance.now() < endsAtMs) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  }
}

/** Of their text, as JSON has it. In steps, as that of a million networks takes a tenth of a second. */
export function* digestOfActions({ securityActions, bots }: ActionLists): Steps<string> {
  const hash = createHash("sha256");
  for (const list of [securityActions, bots]) {
    // a text of JSON never holds such a character, so that no two lists make one text
    hash.update("\0");
    for (const item of Array.isArray(list) ? list : [list]) {
      hash.update(JSON.stringify(item) ?? "").update("\x01");
      yield;
    }
  }
  return hash.digest("base64url");
}

function* preparing(lists: ActionLists, inUse: ActionsInUse | undefined): Steps<PreparedActions> {
  const digest = yield* digestOfActions(lists);
  return { digest, securityActions: digest === inUse?.digest ? inUse.securityActions : yield* building(lists) };
}

function* building({ securityActions = [], bots = [] }: ActionLists): Steps<SecurityActions | undefined> {
  if (!Array.isArray(securityActions) || !Array.isArray(bots)) return undefined;
  const actions: SecurityAction[] = [];
  const known: Bots[] = [];
  for (const given of securityActions) {
    const action = securityActionSchema.safeParse(given);
    if (!action.success) return undefined;
    actions.push(action.data);
    yield;
  }
  for (const given of bots) {
    const bot = botsSchema.safeParse(given);
    if (!bot.success) return undefined;
    known.push(bot.data);
    yield;
  }
  return yield* SecurityActions.building(actions, known);
}

function lengthsIn(list: unknown, listOf: (item: unknown) => unknown): readonly number[] {
  if (!Array.isArray(list)) return [];
  return list.map((item) => {
    const inner = listOf(item);
    return Array.isArray(inner) ? inner.length : 0;
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
