import { readFileSync } from "node:fs";
import { type DialedFrom, settingIn } from "@wherefrom/doctor";
import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";

/** What a probe dials, and where that is written. */
export type DialTarget = { readonly url: URL; readonly dialedFrom?: DialedFrom };

export type DialOptions = { readonly url: string | undefined; readonly setting?: string; readonly path?: string };

const MAX_ENV_FILE_BYTES = 1024 * 1024;
/** A WebSocket begins as HTTP. */
const SCHEMES: Readonly<Record<string, string>> = { "http:": "http:", "https:": "https:", "ws:": "http:", "wss:": "https:" };

/**
 * Reads what to dial: a URL, or a setting of an env file and the echo's path.
 *
 * Errors: `CliError` USAGE_OPTION_MISSING, USAGE_OPTION_CONFLICT, DOCTOR_TARGET_INVALID, DOCTOR_SETTING_UNREADABLE.
 */
export function readDialTarget({ url, setting, path }: DialOptions): DialTarget {
  if (url !== undefined && setting !== undefined) throw new CliError("USAGE_OPTION_CONFLICT", "Give a URL or --setting, not both");
  if (url !== undefined) {
    if (path !== undefined) throw new CliError("USAGE_OPTION_CONFLICT", "--path goes with --setting: a URL has the path in it");
    return { url: parseTarget(url) };
  }
  if (setting === undefined) throw new CliError("USAGE_OPTION_MISSING", "Give the URL of an echo, or --setting FILE:KEY and --path");
  if (path === undefined) throw new CliError("USAGE_OPTION_MISSING", "--setting says where to connect; give the echo's path with --path");
  return fromSetting(setting, path);
}

function fromSetting(setting: string, path: string): DialTarget {
  const colon = setting.lastIndexOf(":");
  const [file, key] = [setting.slice(0, colon), setting.slice(colon + 1)];
  if (colon < 1 || key === "")
    throw new CliError("USAGE_OPTION_INVALID", `--setting: expected FILE:KEY, given '${escapeText(setting, 120)}'`);
  const found = settingIn(readEnvFile(file), key);
  if (found === undefined)
    throw new CliError("DOCTOR_SETTING_UNREADABLE", `${escapeText(file)} has no ${escapeText(key)} that the file alone decides`);
  // the value may hold a password: it is never shown
  const target = parseTarget(found.value.includes("://") ? found.value : `http://${found.value}`, `the value of ${escapeText(key)}`);
  return { url: new URL(path, target.origin), dialedFrom: { path: file, line: found.line, key } };
}

function readEnvFile(path: string): string {
  try {
    const text = readFileSync(path, "utf8");
    if (text.length <= MAX_ENV_FILE_BYTES) return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("DOCTOR_SETTING_UNREADABLE", `Cannot read the setting: ${escapeText(why)}`);
  }
  throw new CliError("DOCTOR_SETTING_UNREADABLE", `${escapeText(path)} is larger than is read`);
}

/** A user and a password are not shown: what is wrong with a URL ends up in logs. */
function parseTarget(text: string, shown = `'${escapeText(text.replace(/\/\/[^/?#]*@/, "//…@"), 120)}'`): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url === undefined ? undefined : SCHEMES[url.protocol];
  if (url === undefined || scheme === undefined || url.username !== "" || url.password !== "") {
    throw new CliError("DOCTOR_TARGET_INVALID", `Expected an http:, https:, ws: or wss: URL without a user, given ${shown}`);
  }
  // the scheme of a URL object cannot be changed between all of these
  return new URL(`${scheme}${text.slice(text.indexOf("//"))}`);
}
