import { hashOfSecret } from "./secret.ts";

/** Credentials that were right when they were last checked, by their hash. It lets nobody in: whoever comes with one is checked first, and again. */
export type Proven = {
  has(credential: string): boolean;
  add(credential: string): void;
  forget(credential: string): void;
};

/** The one that has been known longest goes first. */
export function createProven({ maxProvenCredentials }: { readonly maxProvenCredentials: number }): Proven {
  const hashes = new Set<string>();
  return {
    has: (credential) => hashes.has(hashOfSecret(credential)),
    add(credential) {
      hashes.add(hashOfSecret(credential));
      const [oldest] = hashes;
      if (hashes.size > maxProvenCredentials && oldest !== undefined) hashes.delete(oldest);
    },
    forget: (credential) => void hashes.delete(hashOfSecret(credential)),
  };
}
