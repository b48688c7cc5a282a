import { environmentNameSchema, organizationNameSchema } from "@wherefrom/model";
import { CliError } from "./errors.ts";

/** The organization and the environment that a command works on. */
export type Names = { readonly organization: string; readonly environment: string };

/**
 * Refuses a name that the management API would refuse, before anything is opened.
 *
 * Errors: `CliError` USAGE_OPTION_INVALID.
 */
export function checkNames(names: Partial<Names>): void {
  checkName("organization", names.organization);
  checkName("environment", names.environment);
}

function checkName(kind: keyof Names, name: string | undefined): void {
  if (name === undefined) return;
  const schema = kind === "organization" ? organizationNameSchema : environmentNameSchema;
  const [issue] = schema.safeParse(name).error?.issues ?? [];
  if (issue === undefined) return;
  const variable = `WHEREFROM_${kind.toUpperCase()}`;
  throw new CliError("USAGE_OPTION_INVALID", `--${kind} (${variable}): ${issue.message}, given ${JSON.stringify(name)}`);
}
