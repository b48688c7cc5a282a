import { environmentName } from "./api/environment-json.ts";
import { createAttempts } from "./attempts.ts";
import type { EnvironmentKey } from "./config-store/port.ts";
import type { ControlParts } from "./parts.ts";

/** For how many pauses a control has the turn. It keeps it by looking again; when it ends without a word, another looks after that. */
const PAUSES = 2.5;

type Looks = {
  /** What is looked for, one word. */
  readonly of: string;
  /** Pause between looks at one environment, in milliseconds. */
  readonly everyMs: number;
  /** An environment could not be looked at, and could before. */
  readonly onFault: (key: EnvironmentKey, error: unknown) => void;
};

type LookIfMine = (key: EnvironmentKey, look: () => Promise<void>) => Promise<boolean>;

/**
 * Looks at environments, each of which one of several controls over the same database and events looks at. Resolves with whether this one did: not when
 * another has the turn, nor when it failed; then others may try. Rejects when nobody can say whose turn it is.
 */
export function environmentLooks(
  { store, eventStore }: Pick<ControlParts, "store" | "eventStore">,
  { of, everyMs, onFault }: Looks,
): LookIfMine {
  const attempt = createAttempts();
  return async (key, look) => {
    const name = environmentName(key.organization, key.environment);
    const turn = `${of} ${name} ${eventStore?.id ?? ""}`;
    if (!(await store.turns.take(turn, PAUSES * everyMs))) return false;
    const isDone = await attempt({ name, work: look, onFault: (error) => onFault(key, error) });
    if (!isDone) await store.turns.giveUp(turn);
    return isDone;
  };
}
