import type { FieldViolation } from "@wherefrom/model";
import type { ConfigStore, OrganizationStore } from "../config-store/port.ts";
import type { ControlParts } from "../parts.ts";
import { ApiError, type FaultsReason, refuseFaults } from "./api-error.ts";
import type { ApiReason } from "./api-reason.ts";
import type { Call, Endpoint } from "./endpoint.ts";

/** What is wrong with a request before its endpoint has looked at it. */
type Found = { readonly query: readonly FieldViolation[]; readonly headers: readonly FieldViolation[] };

/** Faults of the body as a whole. */
const BODY_FAULTS: ReadonlySet<ApiReason> = new Set<ApiReason>(["BODY_NOT_JSON", "BODY_TOO_LARGE", "CONTENT_TYPE_UNSUPPORTED"]);

/**
 * Refuses a request with what was found and with what its endpoint finds, in one error. The endpoint can read and judge what it is given, and do nothing:
 * see `judgingCall`.
 *
 * Errors: always `ApiError` QUERY_INVALID, or HEADERS_INVALID when nothing is wrong with the query.
 */
export async function refuseWithAll(found: Found, { endpoint, call }: { readonly endpoint: Endpoint; readonly call: Call }): Promise<void> {
  const { query, headers } = found;
  const others = await endpoint.handle(judgingCall(call)).then(() => [], faultsOf);
  const known = new Set([...query, ...headers].map(({ field }) => field));
  const violations = [...query, ...headers, ...others.filter(({ field }) => field === "" || !known.has(field))];
  refuseFaults(violations, query.length > 0 ? "QUERY_INVALID" : "HEADERS_INVALID");
}

/** Whatever else ends an endpoint says nothing about the request: what there is or is not may be another matter without the faults. */
function faultsOf(error: unknown): readonly FieldViolation[] {
  if (!(error instanceof ApiError)) return [];
  if (BODY_FAULTS.has(error.reason)) return [{ field: "", description: error.message, reason: error.reason }];
  return error.violations;
}

/** Judges a request in several places, and refuses it with the faults of all, under the reason of the first that found any. Errors: `ApiError`. */
export function judgedTogether<First, Second>(first: () => First, second: () => Second): readonly [First, Second] {
  let result: First;
  try {
    result = first();
  } catch (error) {
    const faults = faultsOf(error);
    if (faults.length > 0) refuseFaults([...faults, ...faultsIn(second)], (error as ApiError).reason as FaultsReason);
    throw error;
  }
  return [result, second()];
}

function faultsIn(judge: () => unknown): readonly FieldViolation[] {
  try {
    judge();
    return [];
  } catch (error) {
    return faultsOf(error);
  }
}

/** Ends what wants to do more than to judge. */
class NotCarriedOut extends Error {
  override readonly name = "NotCarriedOut";
}

/** What a call may use that is not carried out: what it is given, and reading what stands. Whatever is not named here is not for it. */
const PARTS: ReadonlySet<string> = new Set<keyof ControlParts>(["limits", "now", "ranges"]);
const STORE: ReadonlySet<string> = new Set<keyof ConfigStore>(["organizations", "organization"]);
const OF_ORGANIZATION: ReadonlySet<string> = new Set<keyof OrganizationStore>([
  "names",
  "read",
  "readAll",
  "history",
  "revision",
  "gateways",
]);

function judgingCall(call: Call): Call {
  const { parts, store } = call;
  const reading = (of: OrganizationStore): OrganizationStore => only(of, { names: OF_ORGANIZATION, instead: decidingOnly(of) });
  const readingAll = only(parts.store, { names: STORE, instead: { of: (name: string) => reading(parts.store.of(name)) } });
  return { ...call, store: reading(store), parts: only(parts, { names: PARTS, instead: { store: readingAll } }) };
}

/** Changes that are decided on and not made: much of a body can only be judged by what stands. */
function decidingOnly(store: OrganizationStore): Pick<OrganizationStore, "change" | "changeAll"> {
  return {
    async change(name, { decide }) {
      await decide(await store.read(name), {
        others: undefined,
        history: (page) => store.history(name, page),
        gateways: () => store.gateways(name),
      });
      throw new NotCarriedOut(name);
    },
    async changeAll({ decide }) {
      await decide(await store.readAll(), store.gateways);
      throw new NotCarriedOut("all");
    },
  };
}

type Allowed<Whole> = { readonly names: ReadonlySet<string>; readonly instead?: Partial<Whole> };

function only<Whole extends object>(whole: Whole, { names, instead = {} }: Allowed<Whole>): Whole {
  return new Proxy(whole, {
    get(target, name) {
      if (Object.hasOwn(instead, name)) return Reflect.get(instead, name);
      if (typeof name === "string" && names.has(name)) return Reflect.get(target, name);
      throw new NotCarriedOut(String(name));
    },
  });
}
