import { ApiError } from "./api-error.ts";
import { shownValue } from "./violations.ts";

/** The header of a write that says who gets it first. Not a parameter: Apigee's methods have exactly Apigee's. */
export const SHARE_HEADER = "x-wherefrom-rollout-share";
const SHARE = /^([1-9][0-9]?|100)$/;

/** Who gets a write: as it says itself, or else as its environment says. Errors: `ApiError` HEADERS_INVALID. */
export function audienceOf(header: (name: string) => string | null): { readonly kind: "first"; readonly share: number | undefined } {
  const text = header(SHARE_HEADER);
  if (text === null) return { kind: "first", share: undefined };
  if (SHARE.test(text)) return { kind: "first", share: Number(text) };
  const description = `Expected a whole number from 1 to 100, received ${shownValue(text)}`;
  throw new ApiError("HEADERS_INVALID", `${SHARE_HEADER}: ${description}`, [{ field: SHARE_HEADER, description }]);
}
