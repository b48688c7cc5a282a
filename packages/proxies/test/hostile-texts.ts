import type { ConfigKind } from "../src/kind.ts";

/** A text that grows with a number, made so that a careless reader would take time with its square. */
type HostileText = { readonly kind: ConfigKind; readonly says: string; readonly text: (n: number) => string };

function rep(n: number, make: (index: number) => string): string {
  return Array.from({ length: n }, (_, index) => make(index)).join("");
}

const DEFAULTS = "defaults\n mode http\n";
const rows: readonly (readonly [ConfigKind, string, HostileText["text"]])[] = [
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
  // apache
  [
    "apache",
    "virtual hosts with main lines",
    (n) => `${rep(n, (i) => `ServerAlias a${i}\n`)}${rep(n, () => `<VirtualHost *:80>\n</VirtualHost>\n`)}`,
  ],
  ["apache", "proxypass", (n) => rep(n, (i) => `ProxyPass /${i} http://a/\n`)],
  ["apache", "locations with proxypass", (n) => rep(n, (i) => `<Location /${i}>\nProxyPass http://a/\n</Location>\n`)],
  [
    "apache",
    "locations below routes",
    (n) => `${rep(n, (i) => `ProxyPass /a${i} http://a/\n`)}${rep(n, (i) => `<Location /b${i}>\n</Location>\n`)}`,
  ],
  ["apache", "locations below one route", (n) => `ProxyPass / http://a/\n${rep(n, (i) => `<Location /b${i}>\n</Location>\n`)}`],
  [
    "apache",
    "locations below ! routes",
    (n) => `${rep(n, (i) => `ProxyPass /a${i} !\n`)}${rep(n, (i) => `<Location /a${i}/b>\n</Location>\n`)}`,
  ],
  [
    "apache",
    "other request headers over routes",
    (n) => `${rep(n, () => `RequestHeader set X-Foo a\n`)}${rep(n, (i) => `ProxyPass /${i} http://a/\n`)}`,
  ],
  ["apache", "other lines over routes", (n) => `${rep(n, () => `Foo bar\n`)}${rep(n, (i) => `ProxyPass /${i} http://a/\n`)}`],
  [
    "apache",
    "remote ip lines over hosts",
    (n) =>
      `RemoteIPHeader X-Forwarded-For\n${rep(n, () => `RemoteIPInternalProxy 10.0.0.1\n`)}${rep(n, () => `<VirtualHost *:80>\n</VirtualHost>\n`)}`,
  ],
  [
    "apache",
    "remote ip words over hosts",
    (n) =>
      `RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy ${rep(n, (i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255} `)}\n${rep((n / 20) | 0, () => `<VirtualHost *:80>\nProxyPass / http://a/\n</VirtualHost>\n`)}`,
  ],
  [
    "apache",
    "trusted words over hosts",
    (n) =>
      `RemoteIPHeader X-Forwarded-For\nRemoteIPTrustedProxy ${rep(n, (i) => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255} `)}\n${rep((n / 20) | 0, () => `<VirtualHost *:80>\nProxyPass / http://a/\n</VirtualHost>\n`)}`,
  ],
  ["apache", "conditions", (n) => rep(n, () => `<IfModule a>\nRequestHeader set X-Real-IP a\n</IfModule>\n<If a>\n</If>\n`)],
  ["apache", "defined names", (n) => `${rep(n, (i) => `Define a${i} b\n`)}${rep(n, (i) => `Foo ${"$"}{a${i}}\n`)}`],
  ["apache", "joined lines", (n) => "a\\\n".repeat(n)],
  ["apache", "load modules", (n) => rep(n, (i) => `LoadModule a${i} b.so\n`)],
  ["apache", "nested modules", (n) => `${"<IfModule !a>\n".repeat(60)}${rep(n, () => `Foo bar\n`)}`],
  ["apache", "ifs in locations", (n) => `ProxyPass / http://a/\n${rep(n, (i) => `<Location /${i}>\n<If a>\n</If>\n</Location>\n`)}`],
  ["apache", "proxyaddheaders", (n) => `${rep(n, () => `ProxyAddHeaders Off\n`)}${rep(n, (i) => `ProxyPass /${i} http://a/\n`)}`],
  ["apache", "rewrite rules", (n) => rep(n, (i) => `RewriteRule ^a${i} http://a/ [P]\n`)],
  ["apache", "unclosed quotes in a line", (n) => `Foo ${`'a" `.repeat(n)}\n`],
  [
    "apache",
    "proxypass times locations",
    (n) => `${rep(n, (i) => `ProxyPass /a${i} http://a/\n`)}${rep(n, (i) => `<Location /a${i}>\n</Location>\n`)}`,
  ],
  [
    "apache",
    "long host name over routes",
    (n) => `ServerName ${"x".repeat(n)}\n${rep((n / 20) | 0, (i) => `ProxyPass /${i} http://a/\n`)}`,
  ],
  // nftables
  [
    "nftables",
    "set over rules",
    (n) =>
      `table ip nat {\n set s {\n elements = { ${rep(n, (i) => `10.0.${(i >> 8) & 255}.${i & 255}, `)} }\n }\n chain p {\n type nat hook postrouting priority srcnat\n ${rep(n, () => `ip saddr @s masquerade\n`)} }\n}\n`,
  ],
  [
    "nftables",
    "values in one rule",
    (n) =>
      `table ip nat {\n chain p {\n type nat hook postrouting priority srcnat\n ip saddr { ${rep(n, (i) => `10.0.${(i >> 8) & 255}.${i & 255}, `)} } masquerade\n }\n}\n`,
  ],
  [
    "nftables",
    "fields of one rule",
    (n) => `table ip nat {\n chain p {\n type nat hook postrouting priority srcnat\n ${"ip saddr 10.0.0.1 ".repeat(n)} masquerade\n }\n}\n`,
  ],
  [
    "nftables",
    "foreign words in one rule",
    (n) => `table ip nat {\n chain p {\n type nat hook postrouting priority srcnat\n ${"numgen ".repeat(n)}\n }\n}\n`,
  ],
  [
    "nftables",
    "open braces in one rule",
    (n) => `table ip nat {\n chain p {\n type nat hook postrouting priority srcnat\n ${"ip saddr { ".repeat(n)}\n }\n}\n`,
  ],
  [
    "nftables",
    "negations",
    (n) =>
      `table ip nat {\n chain p {\n type nat hook postrouting priority srcnat\n ${"!= ".repeat(n)}\n ${"ip saddr != ".repeat(n)}\n }\n}\n`,
  ],
  [
    "nftables",
    "ct words",
    (n) =>
      `table ip nat {\n chain p {\n type nat hook postrouting priority srcnat\n ${"ct state new ".repeat(n)}\n ${"meta mark set 1 ".repeat(n)}\n }\n}\n`,
  ],
  ["nftables", "chains", (n) => `table ip nat {\n ${rep(n, (i) => `chain c${i} {\n type nat hook postrouting priority srcnat\n }\n`)}}\n`],
  [
    "nftables",
    "chains and redirections",
    (n) =>
      `table ip nat {\n ${rep(n, (i) => `chain c${i} {\n type nat hook postrouting priority srcnat\n masquerade\n }\n`)} chain p {\n type nat hook prerouting priority dstnat\n ${rep(n, (i) => `tcp dport ${i} dnat to 10.0.0.1\n`)} }\n}\n`,
  ],
  [
    "nftables",
    "jumps to jumps",
    (n) =>
      `table ip nat {\n ${rep(16, (i) => `chain c${i} {\n ${rep((n / 16) | 0, () => `tcp dport 1 jump c${i + 1}\n`)} }\n`)} chain p {\n type nat hook prerouting priority dstnat\n jump c0\n }\n}\n`,
  ],
  [
    "nftables",
    "a set asked on the way to redirections",
    (n) =>
      `table ip nat {\n set s {\n elements = { ${rep(n, (i) => `10.0.${(i >> 8) & 255}.${i & 255}, `)} }\n }\n chain p {\n type nat hook prerouting priority dstnat\n ${rep(n, (i) => `ip saddr @s tcp dport ${i} dnat to 10.0.0.1\n`)} }\n chain q {\n type nat hook postrouting priority srcnat\n ip saddr @s masquerade\n }\n}\n`,
  ],
  [
    "nftables",
    "defines used",
    (n) =>
      `define a = { ${"1, ".repeat(30)} }\ntable ip nat {\n chain p {\n type nat hook prerouting priority dstnat\n ${rep(n, () => `ip saddr $a $a $a accept\n`)} }\n}\n`,
  ],
  ["nftables", "tables", (n) => rep(n, () => `table ip nat {\n}\n`)],
  [
    "nftables",
    "input interfaces asked",
    (n) =>
      `table ip nat {\n chain p {\n type nat hook prerouting priority dstnat\n ${rep(n, (i) => `iifname { ${rep(10, (j) => `e${i}x${j}, `)} } tcp dport ${i} dnat to 10.0.0.1\n`)} }\n chain q {\n type nat hook postrouting priority srcnat\n ${rep(n, (i) => `oifname e${i} masquerade\n`)} }\n}\n`,
  ],
  [
    "nftables",
    "jump matches",
    (n) =>
      `table ip nat {\n chain c {\n ${rep(n, (i) => `tcp dport ${i} dnat to 10.0.0.1\n`)} }\n chain p {\n type nat hook prerouting priority dstnat\n ${"ip saddr 10.0.0.1 ".repeat(n)} jump c\n }\n}\n`,
  ],
  // iptables
  [
    "iptables",
    "rules",
    (n) =>
      `*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${rep(10, (i) => `-A PREROUTING -p tcp --dport ${i} -j DNAT --to-destination 10.0.0.1:80\n`)}${rep(n, () => `-A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE\n`)}COMMIT\n`,
  ],
  [
    "iptables",
    "words of one rule",
    (n) => `*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING ${"-s 10.0.0.1 ".repeat(n)} -j MASQUERADE\nCOMMIT\n`,
  ],
  ["iptables", "targets of one rule", (n) => `*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING ${"-j SNAT ".repeat(n)}\nCOMMIT\n`],
  ["iptables", "chains", (n) => `*nat\n${rep(n, (i) => `:c${i} - [0:0]\n`)}${rep(n, (i) => `-A c${i} -j c${(i + 1) % n}\n`)}COMMIT\n`],
  ["iptables", "tables", (n) => rep(n, (i) => `*nat\n:c${i} - [0:0]\nCOMMIT\n`)],
  [
    "iptables",
    "values",
    (n) =>
      `*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n${rep((n / 10) | 0, (i) => `-A PREROUTING -p tcp --dport ${i} -j DNAT --to-destination 10.0.0.1:80\n`)}-A POSTROUTING -s ${"10.0.0.1,".repeat(n)} -j MASQUERADE\nCOMMIT\n`,
  ],
  ["iptables", "quotes", (n) => `*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING "${'\\"'.repeat(n)}\nCOMMIT\n`],
  ["iptables", "quotes open", (n) => `*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING ${'"\\\n'.repeat(n)}\nCOMMIT\n`],
  // javascript
  [
    "javascript",
    "applications",
    (n) => `const express = require("express");\n${rep(n, (i) => `const a${i} = express(); a${i}.set("trust proxy", 1);\n`)}`,
  ],
  [
    "javascript",
    "applications of one name",
    (n) => `const express = require("express");\n${rep(n, (_i) => `a = express(); a.set("trust proxy", 1);\n`)}`,
  ],
  ["javascript", "strangers", (n) => rep(n, (i) => `a${i}.set("trust proxy", 1);\n`)],
  [
    "javascript",
    "constants of constants",
    (n) =>
      `const express = require("express");\nconst a0 = ["10.0.0.1"];\n${rep(n, (i) => `const a${i + 1} = [a${i}, a${i}];\n`)}const app = express(); app.set("trust proxy", a${n});`,
  ],
  [
    "javascript",
    "constants in a list",
    (n) =>
      `const express = require("express");\nconst a = [${"1,".repeat(n)}];\nconst app = express(); ${"app.set('trust proxy', a);".repeat(n)}`,
  ],
  ["javascript", "options", (n) => `const o = {${rep(n, (i) => `a${i}: 1,`)}};\nconst f = require("fastify");\n${"f(o);\n".repeat(n)}`],
  ["javascript", "one call with many arguments", (n) => `f(${"1,".repeat(n)}1)`],
  [
    "javascript",
    "texts of one line",
    (n) => `const e = require("express");${rep(n, (i) => `const a${i} = e();a${i}.set("trust proxy", x);`)}`,
  ],
  ["javascript", "patterns", (n) => `const {${rep(n, (i) => `a${i},`)}} = require("express");${rep(n, (i) => `a${i}();`)}`],
  ["javascript", "binary chain", (n) => `x = ${"1+".repeat(n)}1`],
  // gunicorn
  ["gunicorn", "settings", (n) => rep(n, (i) => `a${i} = 1\n`)],
  ["gunicorn", "continued strings", (n) => `forwarded_allow_ips = (${`"a" `.repeat(n)})\n`],
  ["gunicorn", "ips", (n) => `proxy_protocol = True\nproxy_allow_ips = "${rep(n, (i) => `10.0.${(i >> 8) & 255}.${i & 255},`)}"\n`],
  ["gunicorn", "functions", (n) => rep(n, (i) => `def f${i}():\n  global a, b\n`)],
  ["gunicorn", "computed", (n) => rep(n, (i) => `if x:\n  a = ${i}\n`)],
  ["gunicorn", "names of names", (n) => rep(n, (i) => `a${i + 1} = a${i}\n`)],
  ["gunicorn", "names in one statement", (n) => `a = b = ${"c = ".repeat(n)} 1\n`],
  // compose
  ["compose", "services", (n) => `services:\n${rep(n, (i) => `  a${i}:\n    command: uvicorn a:b\n`)}`],
  ["compose", "ports", (n) => `services:\n  a:\n    ports:\n${rep(n, (i) => `      - ${i % 60000}:80\n`)}`],
  ["compose", "keys of a service", (n) => `services:\n  a:\n${rep(n, (i) => `    k${i}: 1\n`)}`],
  [
    "compose",
    "environment",
    (n) => `services:\n  a:\n    command: uvicorn a:b\n    environment:\n${rep(n, (i) => `      - FORWARDED_ALLOW_IPS=${i}\n`)}`,
  ],
  [
    "compose",
    "environment as a map",
    (n) => `services:\n  a:\n    command: uvicorn a:b\n    environment:\n${rep(n, (i) => `      A${i}: 1\n`)}`,
  ],
  ["compose", "flow", (n) => `services: [${"a,".repeat(n)}]`],
  ["compose", "aliases", (n) => `a: &a 1\nservices:\n${rep(n, (i) => `  a${i}: *a\n`)}`],
  ["compose", "commands", (n) => `services:\n  a:\n    command: [${"uvicorn,".repeat(n)}]\n`],
  ["compose", "top keys", (n) => rep(n, (i) => `a${i}: 1\n`)],
  ["compose", "errors", (n) => rep(n, (_i) => `}: [\n`)],
  // command
  ["command", "words of a line", (n) => `uvicorn ${"a ".repeat(n)}\n`],
  ["command", "lines", (n) => "uvicorn a:b\n".repeat(n)],
  ["command", "gunicorn lines", (n) => "GUNICORN_CMD_ARGS='-k a' gunicorn a:b\n".repeat(n)],
  ["command", "names in front", (n) => `${"FORWARDED_ALLOW_IPS=a ".repeat(n)} uvicorn a:b ${"--forwarded-allow-ips=a ".repeat(n)}\n`],
  ["command", "open quotes", (n) => `uvicorn ${`"\\" `.repeat(n)}`],
  ["command", "open quotes on lines", (n) => `uvicorn ${`"a\n'`.repeat(n)}`],
  ["command", "escapes", (n) => `uvicorn "${"\\a".repeat(n)}`],
  ["command", "half words", (n) => `uvicorn ${`a"b`.repeat(n)}`],
  ["command", "half words 2", (n) => `uvicorn a"${`b'`.repeat(n)}`],
];

const products: typeof rows = [
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

function named([kind, says, text]: (typeof rows)[number]): HostileText {
  return { kind, says, text };
}

export const hostileTexts: readonly HostileText[] = rows.map(named);
/** Each of many things meets each of many others: that ends at a limit. */
export const hostileProducts: readonly HostileText[] = products.map(named);
