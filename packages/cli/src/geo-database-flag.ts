import type { Option } from "commander";
import { valueOption } from "./option-values.ts";

/** The flag of commands that run a gateway: MMDB files. */
export type GeoDatabaseFlag = { readonly geoDatabase?: readonly string[] | undefined };

/** Makes the option anew for each command. */
export function geoDatabaseOption(): Option {
  return valueOption(
    "--geo-database <file>",
    "MMDB file in which security actions look up countries or autonomous systems; may be given again",
    "WHEREFROM_GEO_DATABASE",
  ).argParser((file: string, earlier: readonly string[] = []) => [...earlier, file]);
}
