import type { Command } from "commander";
import { printFound } from "../api/print.ts";
import { defaultProfilePath, type Profile, type ProfileFile, readProfiles, writeProfiles } from "../api/profiles.ts";
import { CliError } from "../errors.ts";
import { checkNames } from "../names.ts";
import { parseHttpUrl, switchOption, valueOption } from "../option-values.ts";
import { printable } from "../output.ts";
import { printTable } from "../table.ts";
import { readToken, tokenFileOption } from "../token-file.ts";

const EXAMPLES = `
Examples:
  $ wherefrom profile set prod --api-url https://control.example --organization acme --environment prod --token-file token
  $ wherefrom profile use prod
  $ wherefrom profile list
  $ wherefrom env list --profile prod

The file is ~/.config/wherefrom/config.json, for its owner alone to read.`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom profile list`;

const SET_EXAMPLES = `
Examples:
  $ wherefrom profile set prod --api-url https://control.example --organization acme
  $ pass show wherefrom | wherefrom profile set prod --token-file -

What is not named keeps its value. The first profile is in use at once.`;

const USE_EXAMPLES = `
Examples:
  $ wherefrom profile use prod`;

const REMOVE_EXAMPLES = `
Examples:
  $ wherefrom profile remove prod`;

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

type ProfileOptions = { readonly config?: string; readonly json?: boolean };
type SetOptions = ProfileOptions & Omit<Profile, "token"> & { readonly tokenFile?: string };

/** Adds `wherefrom profile`: where commands of the API go when nothing else is said. */
export function addProfileCommand(program: Command): void {
  const profile = program.command("profile").description("Keep settings for the commands that ask an API").addHelpText("after", EXAMPLES);
  const add = (name: string, { description, examples }: { description: string; examples: string }): Command =>
    profile
      .command(name)
      .description(description)
      .addOption(valueOption("--config <file>", "the file of profiles", "WHEREFROM_CONFIG"))
      .addOption(switchOption("--json", "write one JSON object with a version", "WHEREFROM_JSON"))
      .addHelpText("after", examples);
  add("list", { description: "List the profiles, without their tokens", examples: LIST_EXAMPLES }).action((options: ProfileOptions) =>
    print(options, readProfiles(pathOf(options))),
  );
  add("set", { description: "Make a profile, or change what is named of it", examples: SET_EXAMPLES })
    .argument("<profile>", "name of the profile")
    .addOption(valueOption("--api-url <url>", "where the management API is", "WHEREFROM_API_URL").argParser(parseHttpUrl))
    .addOption(valueOption("--organization <name>", "name of the organization", "WHEREFROM_ORGANIZATION"))
    .addOption(valueOption("--environment <name>", "the environment when none is named", "WHEREFROM_ENVIRONMENT"))
    .addOption(tokenFileOption("a file that holds the token; - for standard input"))
    .action(setProfile);
  add("use", { description: "Use a profile when none is named", examples: USE_EXAMPLES })
    .argument("<profile>", "name of the profile")
    .action((name: string, options: ProfileOptions) => {
      const { profiles } = requireProfile(name, options);
      return write(options, { current: name, profiles });
    });
  add("remove", { description: "Remove a profile", examples: REMOVE_EXAMPLES })
    .argument("<profile>", "name of the profile")
    .action((name: string, options: ProfileOptions) => {
      const { current, profiles } = requireProfile(name, options);
      const others = [...profiles].filter(([other]) => other !== name);
      return write(options, { current: current === name ? undefined : current, profiles: new Map(others) });
    });
}

async function setProfile(name: string, options: SetOptions): Promise<void> {
  if (!NAME.test(name)) {
    throw new CliError(
      "USAGE_OPTION_INVALID",
      `PROFILE: expected 1 to 63 letters, digits, dots, underscores or hyphens, given ${JSON.stringify(name)}`,
    );
  }
  const { apiUrl, organization, environment, tokenFile } = options;
  checkNames({ ...(organization !== undefined && { organization }), ...(environment !== undefined && { environment }) });
  const { current, profiles } = readProfiles(pathOf(options));
  const profile: Profile = {
    ...profiles.get(name),
    ...(apiUrl !== undefined && { apiUrl }),
    ...(organization !== undefined && { organization }),
    ...(environment !== undefined && { environment }),
    ...(tokenFile !== undefined && { token: await readToken(tokenFile) }),
  };
  await write(options, { current: current ?? name, profiles: new Map([...profiles, [name, profile]]) });
}

function requireProfile(name: string, options: ProfileOptions): ProfileFile {
  const read = readProfiles(pathOf(options));
  if (read.profiles.has(name)) return read;
  const known = read.profiles.size === 0 ? "none" : [...read.profiles.keys()].join(", ");
  throw new CliError("PROFILE_UNKNOWN", printable(`Expected a profile (${known}), given ${JSON.stringify(name)}`));
}

function write(options: ProfileOptions, file: ProfileFile): Promise<void> {
  writeProfiles(pathOf(options), file);
  return print(options, file);
}

function pathOf({ config }: ProfileOptions): string {
  return config ?? defaultProfilePath(process.env);
}

function print({ json }: ProfileOptions, { current, profiles }: ProfileFile): Promise<void> {
  const rows = [...profiles].map(([name, { token, ...profile }]) => ({
    name,
    isCurrent: name === current,
    ...profile,
    hasToken: token !== undefined,
  }));
  return printFound(json, {
    json: { profiles: rows },
    text: () =>
      printTable([
        ["", "profile", "api", "organization", "environment", "token"],
        ...rows.map(({ name, isCurrent, apiUrl = "-", organization = "-", environment = "-", hasToken }) => [
          isCurrent ? "*" : "",
          name,
          apiUrl,
          organization,
          environment,
          hasToken ? "yes" : "-",
        ]),
      ]),
  });
}
