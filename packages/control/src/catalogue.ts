import { type Catalogue, readCatalogue } from "@wherefrom/diagnosis";

let catalogue: Catalogue | undefined;

/** What a diagnosis knows before it is told anything. Read once, by the first who needs it. */
export function theCatalogue(): Catalogue {
  catalogue ??= readCatalogue();
  return catalogue;
}
