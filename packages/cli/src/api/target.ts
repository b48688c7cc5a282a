import { isIPv4 } from "node:net";
import { userInfo } from "node:os";
import { EVERY_ORGANIZATION } from "@wherefrom/model";
import type { Command } from "commander";
import { CliError } from "../errors.ts";
import { checkNames } from "../names.ts";
import { parseHttpUrl, switchOption, valueOption } from "../option-values.ts";
import { printable } from "../output.ts";
import { readTokenFile, tokenFileOption } from "../token-file.ts";
import { type Api, createApi } from "./client.ts";
import { defaultProfilePath, type Profile, readProfiles } from "./profiles.ts";

/** What every command that asks the API takes. */
export type ApiOptions = {
  readonly apiUrl?: string;
  readonly organization?: string;
  readonly profile?: string;
  readonly config?: string;
  readonly tokenFile?: string;
  /** All organizations in place of one. */
  readonly everyOrganization?: boolean;
  readonly author?: string;
  readonly reason?: string;
  readonly json?: boolean;
};

const DEFAULT_URL = "http://127.0.0.1:8081";
const DEFAULT_ORGANIZATION = "local";

/** Adds the options of a command that asks the API; `isWriting` adds those that say who changes something and why. */
export function addApiOptions(command: Command, isWriting: boolean): Command {
  command
    .addOption(valueOption("--api-url <url>", `where the management API is (${DEFAULT_URL})`, "WHEREFROM_API_URL").argParser(parseHttpUrl))
    .addOption(valueOption("--organization <name>", `name of the organization (${DEFAULT_ORGANIZATION})`, "WHEREFROM_ORGANIZATION"))
    .addOption(valueOption("--profile <name>", "where to take the other settings from: see wherefrom profile", "WHEREFROM_PROFILE"))
    .addOption(valueOption("--config <file>", "the file of profiles", "WHEREFROM_CONFIG"))
    .addOption(tokenFileOption("a file that holds the token, before WHEREFROM_TOKEN and the profile"))
    .addOption(switchOption("--json", "write one JSON object with a version", "WHEREFROM_JSON"));
  if (!isWriting) return command;
  return command
    .addOption(
      valueOption(
        "--author <name>",
        "who makes the change, where the API asks nobody; default: the user of this machine",
        "WHEREFROM_AUTHOR",
      ),
    )
    .addOption(valueOption("--reason <text>", "why, for the history and the audit log", "WHEREFROM_REASON"));
}

/**
 * The API that a command is to ask: by flag, by environment variable, by profile, or the local one, in this order.
 *
 * Errors: `CliError` for a profile that there is not, a name that cannot be, and a token that anybody on the way could read.
 */
export function openTarget(options: ApiOptions): { readonly api: Api; readonly environment: string | undefined } {
  const profile = chooseProfile(options);
  const url = options.apiUrl ?? profile.apiUrl ?? DEFAULT_URL;
  const named = options.organization ?? profile.organization ?? DEFAULT_ORGANIZATION;
  checkNames({ organization: named });
  const organization = options.everyOrganization === true ? EVERY_ORGANIZATION : named;
  const token =
    options.tokenFile === undefined ? process.env["WHEREFROM_TOKEN"] || profile.token : readTokenFile(options.tokenFile, "--token-file");
  if (token !== undefined) requireProtected(url);
  const author = options.author ?? userName();
  return { api: createApi({ url, organization, token, author, reason: options.reason }), environment: profile.environment };
}

/** The environment that a command is about: its argument, WHEREFROM_ENVIRONMENT, or that of the profile. */
export function environmentOf(argument: string | undefined, profileEnvironment: string | undefined): string {
  const environment = argument ?? (process.env["WHEREFROM_ENVIRONMENT"] || profileEnvironment);
  if (environment === undefined) {
    throw new CliError("USAGE_OPTION_MISSING", "Give the name of an environment, WHEREFROM_ENVIRONMENT, or a profile that has one");
  }
  checkNames({ environment });
  return environment;
}

function chooseProfile({ profile, config }: ApiOptions): Profile {
  const path = config ?? defaultProfilePath(process.env);
  const { current, profiles } = readProfiles(path);
  const name = profile ?? current;
  if (name === undefined) return {};
  const chosen = profiles.get(name);
  if (chosen !== undefined) return chosen;
  const known = profiles.size === 0 ? "none" : [...profiles.keys()].join(", ");
  throw new CliError("PROFILE_UNKNOWN", printable(`Expected a profile of ${path} (${known}), given ${JSON.stringify(name)}`));
}

/** Without TLS a token is readable for everybody on the way; on this machine's own loopback there is no way. */
function requireProtected(url: string): void {
  const { protocol, hostname } = new URL(url);
  const isLoopback = hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
  if (protocol === "https:" || isLoopback) return;
  throw new CliError(
    "API_TOKEN_UNPROTECTED",
    printable(`A token is not sent to ${new URL(url).origin}, because http does not protect it: use https`),
  );
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // a user without an entry in the system's database
    return "unknown";
  }
}
