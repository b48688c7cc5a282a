/** What is expected in place of directives that may change what arrives of the address, and are not followed: by the form of their names. */
const UNREAD: readonly { readonly names: RegExp; readonly expected: string }[] = [
  { names: /^(?:fastcgi|uwsgi|scgi)_pass$/, expected: "proxy_pass or grpc_pass: what goes to FastCGI, uwsgi and SCGI is not read" },
  { names: /^more_(?:set|clear)_input_headers$/, expected: "proxy_set_header: what other modules do to headers is not read" },
  {
    names: /^(?:(?:set|rewrite|server_rewrite|access)_by_lua(?:_block|_file)?|js_access|js_filter|js_preread)$/,
    expected: "no code: what a program does to headers is not read",
  },
];

/** Says what was expected in place of a directive that may change the address and is not followed. */
export function expectedFor(name: string): string | undefined {
  return UNREAD.find(({ names }) => names.test(name))?.expected;
}
