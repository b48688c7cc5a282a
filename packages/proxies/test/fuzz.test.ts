import fc from "fast-check";
import { expect, test } from "vitest";
import { carry } from "../src/carry.ts";
import { CONFIG_KINDS } from "../src/kind.ts";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";

const words = [
  "http",
  "server",
  "location",
  "map",
  "set",
  "include",
  "proxy_pass",
  "proxy_set_header",
  "real_ip_header",
  "set_real_ip_from",
  "listen",
  "frontend f",
  "backend b",
  "defaults",
  "listen l",
  "bind :1",
  "default_backend b",
  "option forwardfor",
  "http-request set-header",
  "server s 1.2.3.4:5",
  "example.com {",
  "handle @m {",
  "request_header @m",
  "reverse_proxy app {",
  "header_up +X-Real-IP",
  "(s) {",
  "import s",
  "invoke r",
  "{args[0]}",
  "{remote_host}",
  "trusted_proxies static",
  "`",
  "<VirtualHost *:80>",
  "<Location /x>",
  "</Location>",
  "<IfModule !x>",
  "ProxyPass / http://a/",
  "RequestHeader set X-Real-IP expr=%{REMOTE_ADDR}",
  "RemoteIPHeader X-Forwarded-For",
  "RemoteIPInternalProxy",
  "Define A",
  "accept-proxy",
  "send-proxy",
  "X-Forwarded-For",
  'const app = require("express")();',
  'app.set("trust proxy",',
  "process.env.A",
  ");",
  "new Koa({ proxy: true })",
  "forwarded_allow_ips =",
  "gunicorn -k uvicorn.workers.UvicornWorker",
  "services:\n  a:\n    ports: [80:80]",
  "\n    command: uvicorn",
  "table ip nat",
  "chain a",
  "type nat hook prerouting priority dstnat",
  "type nat hook postrouting priority srcnat",
  "ip saddr",
  "tcp dport",
  "oifname",
  "!=",
  "map",
  "@a",
  "jump a",
  "goto a",
  "masquerade",
  "dnat to",
  "define a =",
  "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n",
  "-A PREROUTING",
  "-A POSTROUTING",
  "-s",
  "--dport",
  "-j MASQUERADE",
  "-j DNAT --to-destination",
  "COMMIT",
  "$remote_addr",
  "$a",
  "${",
  "%[src]",
  "%[hdr(",
  "if",
  "{",
  "}",
  ";",
  '"',
  "'",
  "\\",
  "#",
  "\n",
  "\n",
  " ",
  " ",
  "0.0.0.0/0",
  "::1",
  "\0",
  "é",
];
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.array(fc.constantFrom(...words), { maxLength: 80 }).map((parts) => parts.join(" ")),
);

test.each(CONFIG_KINDS)("%s: whatever the text is, it is read to its end, and what comes out can be followed and told", (kind) => {
  fc.assert(
    fc.property(text, (given) => {
      const { passages, issues } = readConfig({ name: "f", text: given }, { kind });
      for (const passage of passages) {
        expect(notationOf(passage)).toContain("peer");
        if (passage.kind === "proxy") carry(passage, { peer: "198.51.100.1", fields: [["X-Forwarded-For", "192.0.2.1"]] });
      }
      for (const { place } of issues) expect(place.line).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

test("deep nesting and many statements end at their limits", () => {
  const deep = readConfig({ name: "f", text: "a {".repeat(10_000) }, { kind: "nginx" });
  expect(deep.issues[0]?.code).toBe("CONFIG_LIMIT_REACHED");
  const many = readConfig({ name: "f", text: "a;".repeat(200_000) }, { kind: "nginx" });
  expect(many.issues.map(({ code }) => code)).toEqual(["CONFIG_LIMIT_REACHED"]);
});
