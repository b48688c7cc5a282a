import { EVERY_ORGANIZATION } from "@wherefrom/model";
import type { NewToken } from "../config-store/access-port.ts";
import type { ConfigStore, Stamp } from "../config-store/port.ts";
import { type NewSecret, newSecret } from "./secret.ts";

/** Name of the token that everything begins with. */
const BOOTSTRAP_NAME = "bootstrap";

type At = { readonly at: number };

/**
 * Makes an admin token for everything, if there has never been a token for all organizations. Resolves with it; nobody can read it again.
 * Control that crashes before anybody saw it is helped by `resetAdminToken`.
 */
export async function makeFirstToken({ access }: ConfigStore, { at }: At): Promise<string | undefined> {
  const secret = newSecret("wft");
  const by = stampOf(at, "Made at the first start");
  const tokens = await access.changeTokens(EVERY_ORGANIZATION, {
    by,
    decide: ({ isUntouched }) => (isUntouched ? { add: adminToken(secret) } : {}),
  });
  return tokens.some(({ id }) => id === secret.id) ? secret.text : undefined;
}

/** Makes the admin token anew: whoever has the old one gets in no more. */
export async function resetFirstToken({ access }: ConfigStore, { at }: At): Promise<string> {
  const secret = newSecret("wft");
  await access.changeTokens(EVERY_ORGANIZATION, {
    by: stampOf(at, "Reset on the machine of the database"),
    decide: ({ tokens }) => ({
      remove: tokens.filter(({ name }) => name === BOOTSTRAP_NAME).map(({ id }) => id),
      add: adminToken(secret),
    }),
  });
  return secret.text;
}

function adminToken({ id, hash }: NewSecret): NewToken {
  return { id, hash, name: BOOTSTRAP_NAME, grants: [{ role: "admin" }], expiresAt: undefined };
}

function stampOf(at: number, reason: string): Stamp {
  return { at, author: "wherefrom", isAuthorVerified: true, method: "organizations.tokens.create", reason };
}
