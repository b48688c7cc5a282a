import type { Option } from "commander";
import { readJsonFile } from "./json-file.ts";
import { valueOption } from "./option-values.ts";

/** Where the settings of an identity provider are, whose tokens the management API takes beside its own. */
export type OidcFlag = { readonly oidc?: string | undefined };

export function oidcOption(): Option {
  return valueOption("--oidc <file>", "JSON: the identity provider whose tokens are taken, too", "WHEREFROM_OIDC");
}

/** What of it a control is opened with. */
export function oidcSettings({ oidc }: OidcFlag): { readonly oidc?: unknown } {
  return oidc === undefined ? {} : { oidc: readJsonFile(oidc, "--oidc") };
}
