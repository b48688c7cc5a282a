import { DEFAULTS, type HostileRow, rep } from "./hostile-row.ts";

/** HAProxy, nginx and Caddy. */
export const hostileProxies: readonly HostileRow[] = [
  // haproxy
  [
    "haproxy",
    "defaults with many lines taken over by many",
    (n) => `defaults\n${rep(n, (i) => ` timeout a${i}\n`)}${rep(n, (i) => `frontend f${i}\n bind :1\n`)}`,
  ],
  ["haproxy", "chain of defaults", (n) => rep(n, (i) => `defaults d${i}${i ? ` from d${i - 1}` : ""}\n option forwardfor\n`)],
  ["haproxy", "frontends that name backends", (n) => rep(n, (i) => `backend b${i}\nfrontend f${i}\n default_backend b${n - 1}\n`)],
  [
    "haproxy",
    "frontends to a backend with servers",
    (n) => `${DEFAULTS}${rep(n, (i) => `backend b${i}\n server s a:1\nfrontend f${i}\n default_backend b${i}\n`)}`,
  ],
  [
    "haproxy",
    "use_backend of any",
    (n) => `${DEFAULTS}${rep(n, (i) => `backend b${i}\n`)}frontend f\n bind :1\n${rep(n, () => ` use_backend %[path]\n`)}`,
  ],
  [
    "haproxy",
    "frontends of any",
    (n) => `${DEFAULTS}${rep(n, (i) => `backend b${i}\n`)}${rep(n, (i) => `frontend f${i}\n use_backend %[path]\n`)}`,
  ],
  [
    "haproxy",
    "acls and rules that name one",
    (n) =>
      `${DEFAULTS}listen l\n bind :1\n server a b:1\n${rep(n, (i) => ` acl a${i} src 10.0.0.1\n`)}${rep(n, () => ` http-request deny if a1\n`)}`,
  ],
  [
    "haproxy",
    "acls of one name",
    (n) =>
      `${DEFAULTS}listen l\n bind :1\n server a b:1\n${rep(n, (i) => ` acl a src 10.0.${i % 256}.1\n`)}${rep(n, () => ` http-request set-header X-Real-IP %[src] if a\n`)}`,
  ],
  [
    "haproxy",
    "default-server and servers",
    (n) => `${DEFAULTS}listen l\n bind :1\n${rep(n, () => ` default-server send-proxy\n`)}${rep(n, (i) => ` server s${i} a:1\n`)}`,
  ],
  ["haproxy", "binds", (n) => `${DEFAULTS}listen l\n server a b:1\n${rep(n, (i) => ` bind :1${i % 2 ? " accept-proxy" : ""}\n`)}`],
  ["haproxy", "many nots", (n) => `${DEFAULTS}listen l\n server a b:1\n http-request set-header X-Real-IP %[src] if ${"! ".repeat(n)}a\n`],
  [
    "haproxy",
    "words of one line",
    (n) => `${DEFAULTS}listen l\n server a b:1\n http-request set-header X-Real-IP %[src] if a ${"|| a ".repeat(n)}\n`,
  ],
  [
    "haproxy",
    "expect-proxy rules",
    (n) =>
      `${DEFAULTS}frontend f\n bind :1\n default_backend b\nbackend b\n server s b:1\n${rep(n, () => "")}frontend g\n${rep(n, () => ` tcp-request connection reject if { src 10.0.0.1 }\n`)} bind :2 accept-proxy\n default_backend b\n`,
  ],
  ["haproxy", "format pieces", (n) => `${DEFAULTS}listen l\n server a b:1\n http-request set-header X-Real-IP "${"%[".repeat(n)}"\n`],
  [
    "haproxy",
    "long names",
    (n) =>
      `${DEFAULTS}frontend ${"x".repeat(n)}\n bind :1\n use_backend %[path]\n${rep((n / 20) | 0, (i) => `backend b${i}\n server s b:1\n`)}`,
  ],
  ["haproxy", "many variables", (n) => `${DEFAULTS}listen l\n server a b:1\n${rep(n, (i) => ` http-request set-var(txn.a${i}) src\n`)}`],
  [
    "haproxy",
    "sources trusted by a list, on many ways",
    (n) =>
      `${DEFAULTS}frontend f\n bind :1\n http-request set-src hdr(x-real-ip) if { src ${rep(n, (i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255} `)}}\n option forwardfor\n use_backend %[path]\n${rep((n / 20) | 0, (i) => `backend b${i}\n server s b:1\n`)}`,
  ],
  // nginx
  ["nginx", "set", (n) => `server { ${rep(n, (i) => `set $a${i} b;`)} }`],
  ["nginx", "maps", (n) => `http { ${rep(n, (i) => `map $x $a${i} { default b; }`)} }`],
  [
    "nginx",
    "map entries",
    (n) =>
      `http { map $x $a { ${rep(n, (i) => `k${i} b;`)} } server { location / { proxy_pass http://a; proxy_set_header X-Real-IP $a; } } }`,
  ],
  ["nginx", "geo", (n) => `http { ${rep(n, (i) => `geo $a${i} { default b; }`)} }`],
  [
    "nginx",
    "set_real_ip_from over locations",
    (n) =>
      `server { real_ip_header X-Forwarded-For; ${rep(n, (i) => `set_real_ip_from 10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255};`)} ${rep(n, (i) => `location /${i} { proxy_pass http://a; }`)} }`,
  ],
  [
    "nginx",
    "set_real_ip_from of strange names over locations",
    (n) =>
      `server { real_ip_header X-Forwarded-For; ${rep(n, (i) => `set_real_ip_from a${i};`)} ${rep(n, (i) => `location /${i} { proxy_pass http://a; }`)} }`,
  ],
  [
    "nginx",
    "set headers put aside",
    (n) =>
      `server { ${rep(n, () => `proxy_set_header X-Real-IP $remote_addr;`)} ${rep(n, (i) => `location /${i} { proxy_set_header Host a; proxy_pass http://a; }`)} }`,
  ],
  ["nginx", "variables taken over", (n) => `server { ${rep(n, (i) => `set $a${i} b;`)} ${rep(n, (i) => `location /${i} { set $b c; }`)} }`],
  ["nginx", "locations without pass", (n) => `server { ${rep(n, (i) => `location /${i} { }`)} }`],
  ["nginx", "servers that trust", (n) => `http { ${rep(n, (i) => `server { set_real_ip_from a${i}; real_ip_header x; }`)} }`],
  ["nginx", "words", (n) => `server { proxy_pass ${"a ".repeat(n)}; }`],
  [
    "nginx",
    "long server name",
    (n) => `server { server_name ${"x".repeat(n)}; ${rep((n / 20) | 0, (i) => `location /${i} { proxy_pass http://a; }`)} }`,
  ],
  [
    "nginx",
    "stream servers",
    (n) => `stream { ${rep(n, (_i) => `set_real_ip_from 10.0.0.1;`)} ${rep(n, (_i) => `server { listen 1; proxy_pass a; }`)} }`,
  ],
  ["nginx", "value of variables", (n) => `server { proxy_pass http://a; proxy_set_header X-Real-IP "${"$remote_addr".repeat(n)}"; }`],
  ["nginx", "unclosed brace of a variable", (n) => `server { proxy_set_header X-Real-IP ${"${".repeat(n)} ; }`],
  ["nginx", "lua blocks", (n) => "access_by_lua_block {".repeat(n)],
  ["nginx", "underscores", (n) => `http { underscores_in_headers on; ${rep(n, (_i) => `server { proxy_pass http://a; }`)} }`],
  ["nginx", "underscores each", (n) => `http { ${rep(n, (_i) => `server { underscores_in_headers on; proxy_pass http://a; }`)} }`],
  // caddy
  ["caddy", "servers and sites", (n) => `{\n${rep(n, (i) => ` servers :${i} {\n }\n`)}}\n${rep(n, (i) => `a${i}:1 {\n}\n`)}`],
  [
    "caddy",
    "options of servers and sites",
    (n) =>
      `{\n servers {\n${rep(n, (i) => `  client_ip_headers a${i}\n`)}  trusted_proxies static ${"10.0.0.1 ".repeat(n)}\n }\n}\n${rep(n, (i) => `a${i}:1 {\n reverse_proxy a\n}\n`)}`,
  ],
  ["caddy", "addresses of a site", (n) => `{\n${rep(n, (i) => ` servers :${i} {\n }\n`)}}\n${rep(n, (i) => `a${i}:1, `)} b {\n}\n`],
  [
    "caddy",
    "matchers over handles",
    (n) => `a {\n${rep(n, (i) => ` @m${i} remote_ip 10.0.0.1\n`)}${rep(n, (i) => ` handle /${i} {\n }\n`)}}\n`,
  ],
  ["caddy", "request headers", (n) => `a {\n${rep(n, () => ` request_header X-Real-IP {remote_host}\n`)} reverse_proxy b\n}\n`],
  [
    "caddy",
    "request headers that are none of the address",
    (n) => `a {\n${rep(n, () => ` request_header X-Foo a\n`)} reverse_proxy b\n}\n`,
  ],
  ["caddy", "arguments in arguments", (n) => `(s) {\n header ${"{args[0]}".repeat(n)}\n}\na {\n import s ${"a".repeat(n)}\n}\n`],
  ["caddy", "addresses on lines", (n) => `${rep(n, (i) => `a${i},\n`)}b {\n}\n`],
  ["caddy", "heredocs", (n) => `a {\n${rep(n, () => " header a <<x\n")}}\n`],
  [
    "caddy",
    "header_up with many targets",
    (n) => `a {\n reverse_proxy ${"b ".repeat(n)} {\n${rep(n, () => `  header_up X-Real-IP a\n`)} }\n}\n`,
  ],
  ["caddy", "braces in a value", (n) => `a {\n request_header X-Real-IP "${"{a".repeat(n)}"\n reverse_proxy b\n}\n`],
  ["caddy", "unclosed braces in one value", (n) => `a {\n request_header X-Real-IP ${"{".repeat(n)}\n reverse_proxy b\n}\n`],
  [
    "caddy",
    "named matcher used",
    (n) =>
      `a {\n @m remote_ip ${"10.0.0.1 ".repeat(n)}\n${rep(Math.min(1000, n), () => ` request_header @m X-Real-IP a\n`)} reverse_proxy b\n}\n`,
  ],
  [
    "caddy",
    "not remote_ip, many networks, many ways",
    (n) =>
      `a {\n @m not remote_ip ${rep(n, (i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255} `)}\n request_header @m X-Real-IP a\n${rep((n / 20) | 0, (i) => ` handle /${i} {\n reverse_proxy b\n }\n`)}}\n`,
  ],
];

/** Each of many things meets each of many others: that ends at a limit. */
export const hostileProducts: readonly HostileRow[] = [
  [
    "compose",
    "extended services",
    (n) => `services:\n  b:\n    ports: [${"80,".repeat(n)}]\n${rep(n, (i) => `  a${i}:\n    extends: b\n`)}`,
  ],
  ["compose", "merged maps", (n) => `a: &a {${rep(n, (i) => `k${i}: 1, `)}}\nservices:\n${rep(n, (i) => `  a${i}:\n    <<: *a\n`)}`],
  [
    "haproxy",
    "rules times backends",
    (n) =>
      `${DEFAULTS}frontend f\n bind :1\n${rep(Math.min(n, 1000), () => ` http-request set-header X-Real-IP %[src]\n`)} use_backend %[path]\n${rep(n, (i) => `backend b${i}\n server s b:1\n`)}`,
  ],
  [
    "nginx",
    "set headers over locations",
    (n) =>
      `server { ${rep(n, () => `proxy_set_header X-Real-IP $remote_addr;`)} ${rep(n, (i) => `location /${i} { proxy_pass http://a; }`)} }`,
  ],
  [
    "nginx",
    "other headers over locations",
    (n) => `server { ${rep(n, () => `proxy_set_header X-Foo $a;`)} ${rep(n, (i) => `location /${i} { set $a b; proxy_pass http://a; }`)} }`,
  ],
  [
    "caddy",
    "request headers on many ways",
    (n) =>
      `a {\n${rep(Math.min(n, 1000), () => ` request_header X-Real-IP {remote_host}\n`)} ${rep(n, (i) => ` handle /${i} {\n reverse_proxy b\n }\n`)}\n}\n`,
  ],
  [
    "apache",
    "request headers over routes",
    (n) => `${rep(n, () => `RequestHeader set X-Real-IP a\n`)}${rep(n, (i) => `ProxyPass /${i} http://a/\n`)}`,
  ],
];
