import { countOther, type Notes, note, type Statement, textsOf } from "../statement.ts";
import { toldTexts } from "../told-text.ts";
import { SINGLE } from "./scope.ts";

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
function expectedFor({ name, words }: Statement): string | undefined {
  const line = [name, ...textsOf(words), ""].join(" ");
  return UNREAD.find(({ lines }) => lines.test(line))?.expected;
}

/** Blocks whose lines are directives. */
const BLOCKS: ReadonlySet<string> = new Set(["http", "stream", "server", "location", "if", "limit_except"]);

const READ: ReadonlySet<string> = new Set([
  ...BLOCKS,
  ...SINGLE,
  ..."listen server_name proxy_pass grpc_pass proxy_set_header grpc_set_header set_real_ip_from map geo set".split(" "),
]);

/** Notes the lines that may change the address and are not followed, and counts those that have nothing to do with it. */
export function tellOthers(block: readonly Statement[], notes: Notes): void {
  for (const line of block) {
    const { name, words, place, block: inner = [] } = line;
    const expected = expectedFor(line);
    if (expected !== undefined)
      note(notes, place, { code: "CONFIG_NOT_UNDERSTOOD", expected, given: `${name} ${toldTexts(textsOf(words))}`.trim() });
    else if (!READ.has(name)) countOther(notes, name);
    if (BLOCKS.has(name)) tellOthers(inner, notes);
  }
}
