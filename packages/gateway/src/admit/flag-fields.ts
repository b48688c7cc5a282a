import type { Exchange } from "../exchange.ts";

/** What a security action that flags the request tells the target, as `[name, value, name, value]`. Empty for any other request. */
export function flagFields({ securityAction }: Pick<Exchange, "securityAction">): string[] {
  return securityAction?.flag?.headers.flatMap(({ name, value }) => [name, value]) ?? [];
}
