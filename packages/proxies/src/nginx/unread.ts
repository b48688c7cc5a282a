import { type Statement, textsOf } from "../statement.ts";

/** What is expected in place of lines that may change what arrives of the address, and are not followed: by how they begin. */
const UNREAD: readonly { readonly lines: RegExp; readonly expected: string }[] = [
  { lines: /^(?:fastcgi|uwsgi|scgi)_pass /, expected: "proxy_pass or grpc_pass: what goes to FastCGI, uwsgi and SCGI is not read" },
  { lines: /^pass /, expected: "proxy_pass: connections that are handed to another listener are not followed" },
  {
    lines: /^proxy_bind (?!\$remote_addr ).*\btransparent /,
    expected: "$remote_addr: a source that is taken from elsewhere is not followed, and may be a claim",
  },
  { lines: /^more_(?:set|clear)_input_headers /, expected: "proxy_set_header: what other modules do to headers is not read" },
  {
    lines: /^(?:(?:set|rewrite|server_rewrite|access)_by_lua(?:_block|_file)?|js_access|js_filter|js_preread) /,
    expected: "no code: what a program does to headers is not read",
  },
];

/** Says what was expected in place of a line that may change the address and is not followed. */
export function expectedFor({ name, words }: Statement): string | undefined {
  const line = [name, ...textsOf(words), ""].join(" ");
  return UNREAD.find(({ lines }) => lines.test(line))?.expected;
}
