import { EVERY_ORGANIZATION } from "@wherefrom/model";
import type { PlacedGrant } from "../access/allow.ts";
import { ApiError } from "./api-error.ts";
import { shownValue } from "./violations.ts";

/** Who asks. */
export type Caller = {
  readonly name: string;
  /** Whether control knows it; otherwise the name is what the client says of itself. */
  readonly isVerified: boolean;
  /** What it may do, and where. */
  readonly grants: readonly PlacedGrant[];
  /** Whose the credential is; absent for parts of this process, and where nobody is asked for any. */
  readonly holder?: Holder | undefined;
  /** The id of the session by whose cookie it came. */
  readonly session?: string | undefined;
};

/** Who holds a credential that a session can begin with. */
export type Holder = {
  /** The same each time that it comes, and nobody else's. */
  readonly owner: string;
  readonly organization: string;
  /** When the credential ends, in milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
  /** Of a token of control. */
  readonly tokenId?: string | undefined;
};

/** Tells who asks from a request and the key of the client's address. It throws `ApiError` to turn the request away. */
export type Identify = (request: Request, client: string) => Caller | Promise<Caller>;

/** Who asks for what is public. */
export const ANYONE: Caller = { name: "unknown", isVerified: false, grants: [] };

const AUTHOR_HEADER = "x-wherefrom-author";
/** Source: Google Cloud, "System parameters", `X-Goog-Request-Reason`: why a request is made, for audit logs. */
const REASON_HEADER = "x-goog-request-reason";
const MAX_AUTHOR_LENGTH = 128;
const MAX_REASON_LENGTH = 1_000;
/** U+FFFD stands for bytes that are no UTF-8. */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\ufffd]/u;
const EVERYTHING: readonly PlacedGrant[] = [
  { role: "admin", organization: EVERY_ORGANIZATION },
  { role: "gateway", organization: EVERY_ORGANIZATION },
];

/** Without access control: takes the client's word for who it is, since whoever can reach the API may do everything anyway. */
export function identifyByClaim(request: Request): Caller {
  const name = headerText(request, { name: AUTHOR_HEADER, maxLength: MAX_AUTHOR_LENGTH });
  return { name: name ?? ANYONE.name, isVerified: false, grants: EVERYTHING };
}

/** Why the request is made, if the client says so. */
export function reasonOf(request: Request): string | undefined {
  return headerText(request, { name: REASON_HEADER, maxLength: MAX_REASON_LENGTH });
}

type TextLimits = { readonly name: string; readonly maxLength: number };

/** HTTP hands on bytes as Latin-1; text in them is UTF-8. Control and format characters are refused, since histories are shown to people. */
function headerText(request: Request, { name, maxLength }: TextLimits): string | undefined {
  const value = request.headers.get(name)?.trim() ?? "";
  if (value === "") return undefined;
  const text = Buffer.from(value, "latin1").toString("utf8");
  if (text.length <= maxLength && !UNSHOWABLE.test(text)) return text;
  const description = `Expected at most ${maxLength} printable characters in UTF-8, received ${shownValue(text)}`;
  throw new ApiError("HEADERS_INVALID", `${name}: ${description}`, [{ field: name, description }]);
}
