import { isSnapshotKey } from "@wherefrom/model/snapshot-signature";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError } from "./errors.ts";

const MAX_PORT = 65_535;
const PORT = /^[0-9]{1,5}$/;
const COUNT = /^[0-9]{1,9}$/;
const DAYS = /^[0-9]{1,5}$/;
const GATEWAY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const HOST = /^[A-Za-z0-9._:-]{1,253}(?:%[A-Za-z0-9._-]+)?$/;
const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "true", "yes", "on"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["", "0", "false", "no", "off"]);

/** An option that takes a value and can also be given as an environment variable. Commander names the variable in the help. */
export function valueOption(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(variable);
}

/** Reads a TCP port. 0 lets the system choose. Throws commander's argument error. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!PORT.test(text) || port > MAX_PORT) throw new InvalidArgumentError("Expected a port from 0 to 65535.");
  return port;
}

/** Reads a host to listen on: an address or a host name, without port and brackets. Throws commander's argument error. */
export function parseHost(text: string): string {
  if (!HOST.test(text)) throw new InvalidArgumentError("Expected an address or a host name, without a port and without brackets.");
  return text;
}

/** Reads the name by which a gateway reports itself. Throws commander's argument error. */
export function parseGatewayName(text: string): string {
  if (!GATEWAY_NAME.test(text)) {
    throw new InvalidArgumentError("Expected 1 to 63 letters, digits, dots, underscores or hyphens, the first a letter or digit.");
  }
  return text;
}

/** Reads public keys of control, separated by commas or given one by one. Throws commander's argument error. */
export function collectSnapshotKeys(text: string, earlier: readonly string[] = []): readonly string[] {
  const keys = text.split(",").map((key) => key.trim());
  if (keys.every((key) => key === "first-use" || isSnapshotKey(key))) return [...earlier, ...keys];
  throw new InvalidArgumentError("Expected ed25519: and a public key, as wherefrom snapshot-key prints it, or first-use.");
}

/** Reads an http or https URL. Throws commander's argument error. */
export function parseHttpUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError("Expected an http:// or https:// URL.");
}

/** Reads http or https URLs with commas between them. Throws commander's argument error. */
export function parseHttpUrls(text: string): string {
  for (const url of text.split(",")) parseHttpUrl(url);
  return text;
}

/** Reads a number of days. Throws commander's argument error. */
export function parseDays(text: string): number {
  if (!DAYS.test(text)) throw new InvalidArgumentError("Expected a number of days from 0 to 99999.");
  return Number(text);
}

/** Reads a count or a number of a version. Throws commander's argument error. */
export function parseCount(text: string): number {
  if (!COUNT.test(text)) throw new InvalidArgumentError("Expected a number from 0 to 999999999.");
  return Number(text);
}

const DURATION = /^(?<count>[1-9][0-9]{0,5})(?<unit>[smhd])$/;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a duration as milliseconds. Throws commander's argument error. */
export function parseDuration(text: string): number {
  const { count, unit = "" } = DURATION.exec(text)?.groups ?? {};
  if (count === undefined) throw new InvalidArgumentError("Expected a number and s, m, h or d, such as 15m.");
  return Number(count) * (UNIT_MS[unit] ?? 0);
}

/** An option without a value. Its environment variable says yes or no in words: `1`, `true`, `0`, `false`. */
export function switchOption(flags: string, description: string, variable: string): Option {
  return new Option(flags, description).env(variable);
}

/**
 * Makes the switches that came from the environment mean what their variables say: commander takes any value for yes, even `0`.
 *
 * Errors: `CliError` USAGE_OPTION_INVALID for a value that is no word for yes or no.
 */
export function readSwitches(command: Command, environment: NodeJS.ProcessEnv): void {
  for (const option of command.options) {
    const name = option.attributeName();
    if (option.required || option.optional || option.envVar === undefined || command.getOptionValueSource(name) !== "env") continue;
    const text = environment[option.envVar] ?? "";
    const isOn = parseSwitch(text);
    if (isOn === undefined)
      throw new CliError("USAGE_OPTION_INVALID", `${option.envVar}: expected true or false, given ${JSON.stringify(text)}`);
    command.setOptionValueWithSource(name, option.negate ? !isOn : isOn, "env");
  }
}

/** `undefined` when a text is no word for yes or no. */
function parseSwitch(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  return undefined;
}
