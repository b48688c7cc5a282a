import { ADDRESS_HEADERS } from "../address-headers.ts";
import { type Statement, textsOf } from "../statement.ts";

/** Directives whose order decides what arrives. */
const ORDERED = /^(?:request_header|reverse_proxy|forward_auth|handle|handle_path|route|invoke|vars|map)$/;

/**
 * Says what was expected in place of a directive of Caddy itself that may change the address and is not followed. `undefined` for one that has nothing to do with it.
 *
 * Source: Caddy, "Caddyfile Directives" and "Global options".
 */
export function expectedFor({ name, words, block = [] }: Statement): string | undefined {
  const texts = textsOf(words);
  const copied = block.filter((line) => line.name === "copy_headers").flatMap((line) => [...textsOf(line.words), ...namesIn(line)]);
  switch (name) {
    case "order":
      return texts.some((text) => ORDERED.test(text)) ? "Caddy's own order of directives, or a route" : undefined;
    case "layer4":
      return "sites: what Caddy does to connections by itself is not read";
    case "php_fastcgi":
    case "transport":
      return "a service that speaks HTTP: what goes to FastCGI is not read";
    case "forward_auth":
      return copied.some((text) => ADDRESS_HEADERS.includes(text.replace(/^.*>/, "").toLowerCase()))
        ? "no copied header that tells an address: what another service answers is not known"
        : undefined;
  }
  return undefined;
}

/** The lines of a block of names, `FROM>TO` among them. */
function namesIn({ block = [] }: Statement): readonly string[] {
  return block.flatMap(({ name, words }) => [name, ...textsOf(words)]);
}
