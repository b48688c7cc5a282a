import { CONFIG_LIMITS } from "./limits.ts";

/** A text of a configuration as it is told: of a long one the beginning. */
export function toldText(text: string): string {
  return text.length > CONFIG_LIMITS.maxTextUnits ? `${text.slice(0, CONFIG_LIMITS.maxTextUnits)}…` : text;
}

/** Texts in one, as far as they are told. */
export function toldTexts(texts: readonly string[], separator = " "): string {
  let units = 0;
  const end = texts.findIndex((text) => {
    units += text.length + separator.length;
    return units > CONFIG_LIMITS.maxTextUnits + separator.length;
  });
  return toldText((end === -1 ? texts : texts.slice(0, end + 1)).join(separator) + (end === -1 || end === texts.length - 1 ? "" : "…"));
}
