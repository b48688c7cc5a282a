import { openStore } from "../config-store/open-store.ts";
import { DEFAULT_CONTROL_LIMITS } from "../limits.ts";
import { resetFirstToken } from "./bootstrap.ts";

/**
 * Makes the admin token of the first start anew, for whoever can write the database: it needs no token. The old one is gone.
 *
 * Errors: `ControlError`, as for opening control.
 */
export async function resetAdminToken(database: string): Promise<string> {
  const store = await openStore(database, { limits: DEFAULT_CONTROL_LIMITS, onAvailability: () => undefined });
  try {
    return await resetFirstToken(store, { at: Date.now() });
  } finally {
    await store.close();
  }
}
