import { parseAddress } from "wherefrom";

/** An address without its spelling; other text as it is. */
export function canonical(text: string): string {
  return parseAddress(text.split("%")[0] ?? "")?.text ?? text;
}
