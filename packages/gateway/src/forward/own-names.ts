import { hyphenated } from "@wherefrom/model";

/** Whether a field is one by which no client may say anything to a target, in any spelling that some target takes for it. `ownNames`: in lower case and with hyphens. */
export function isOwnName(name: string, ownNames: ReadonlySet<string>): boolean {
  return ownNames.has(hyphenated(name.toLowerCase()));
}
