import { StoreUnavailable } from "./port.ts";
import type { SqlAccess } from "./sql-access.ts";

/** Whether a store can be read, or written, from now on. */
export type Availability = { readonly isAvailable: boolean; readonly of: "reads" | "writes"; readonly why?: string };

/** Tells each change of availability once, not each call that fails meanwhile. */
export function tellAvailability(access: SqlAccess, tell: (availability: Availability) => void): SqlAccess {
  const lost = new Set<Availability["of"]>();
  const watched = async <Result>(of: Availability["of"], call: () => Promise<Result>): Promise<Result> => {
    try {
      const result = await call();
      if (lost.delete(of)) tell({ isAvailable: true, of });
      return result;
    } catch (error) {
      if (error instanceof StoreUnavailable && !lost.has(of)) {
        lost.add(of);
        tell({ isAvailable: false, of, why: error.message });
      }
      throw error;
    }
  };
  return {
    read: (work) => watched("reads", () => access.read(work)),
    write: (work) => watched("writes", () => access.write(work)),
    close: access.close,
  };
}
