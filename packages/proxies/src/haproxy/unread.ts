import { type Statement, textsOf } from "../statement.ts";

/** Lines that may change what is taken for the client or what arrives of it, and are not followed: what was expected in their place, by how they begin. */
const UNREAD: readonly { readonly lines: RegExp; readonly expected: string }[] = [
  { lines: /^(?:req(?:i?(?:rep|del)|add)) /, expected: "http-request rules, which took the place of these lines in HAProxy 2.1" },
  { lines: /^option http-tunnel\b/, expected: "no tunnel: before HAProxy 2.1 only the first request of a connection is looked at in one" },
  { lines: /^(?:dispatch |option (?:transparent|http_proxy)\b)/, expected: "server lines: other ways to a service are not followed" },
  { lines: /^use-fcgi-app /, expected: "a server that speaks HTTP: what goes to FastCGI is not read" },
  { lines: /^filter lua\./, expected: "no program: what Lua does to headers is not read" },
  { lines: /^bind .* accept-netscaler-cip\b/, expected: "accept-proxy: the NetScaler's own header is not read" },
  {
    lines: /^(?:server|server-template|default-server|source) .*\busesrc (?!client\b|clientip\b)/,
    expected: "usesrc client: a source that is taken from the request is not followed, and may be a claim",
  },
];

/** Says what was expected in place of a line that may change the address and is not followed. */
export function expectedFor({ name, words }: Statement): string | undefined {
  const line = [name, ...textsOf(words), ""].join(" ");
  return UNREAD.find(({ lines }) => lines.test(line))?.expected;
}
