import { type HostileRow, rep } from "./hostile-row.ts";

/** Apache, packet filters, programs and their command lines. */
export const hostileOthers: readonly HostileRow[] = [
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
  [
    "compose",
    "maps that are merged twice",
    (n) => `a0: &a0 {x: 1}\n${rep(n, (i) => `a${i + 1}: &a${i + 1}\n  <<: [*a${i}, *a${i}]\n`)}services:\n  s: *a${n}\n`,
  ],
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
