import type { TokenRecord } from "../config-store/access-port.ts";
import type { PlacedGrant } from "./allow.ts";
import { newSecret } from "./secret.ts";

/** For what of this process a key is. */
export type KeyFor = PlacedGrant & { readonly name: string };

/** Keys for parts of the same process, which ask control over HTTP as everybody does. They are kept in memory and end with it. */
export type ProcessKeys = {
  /** Makes a key. */
  issue(key: KeyFor): string;
  find(id: string): TokenRecord | undefined;
};

export function createProcessKeys(now: () => number): ProcessKeys {
  const keys = new Map<string, TokenRecord>();
  return {
    issue({ name, organization, ...grant }) {
      const { id, text, hash } = newSecret(grant.role === "gateway" ? "wfg" : "wft");
      keys.set(id, { id, organization, name, hash, grants: [grant], createdAt: now(), expiresAt: undefined, lastUsedAt: undefined });
      return text;
    },
    find: (id) => keys.get(id),
  };
}
