import { Option } from "commander";

/** Whether the management API asks who somebody is. */
export type AuthFlag = { readonly auth: "tokens" | "off" };

export function authOption(): Option {
  return new Option("--auth <how>", "who may ask the API: whoever has a token, or (off) every user of this machine")
    .env("WHEREFROM_AUTH")
    .choices(["tokens", "off"])
    .default("tokens");
}

/** What is said of an API that asks nobody. */
export const AUTH_IS_OFF = "access control is off: every user of this machine may change everything (--auth tokens)";
