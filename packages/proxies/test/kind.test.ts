import { expect, test } from "vitest";
import { detectKind } from "../src/kind.ts";

const site = {
  nginx: "server {\n  location / {\n    proxy_pass http://a;\n  }\n}\n",
  apache: "<VirtualHost *:80>\n  ProxyPass / http://a/\n</VirtualHost>\n",
};

test.each([
  { name: "/etc/nginx/nginx.conf", text: "", kind: "nginx" },
  { name: "/etc/nginx/sites-enabled/default", text: "", kind: "nginx" },
  { name: "/etc/apache2/sites-enabled/000-default.conf", text: "", kind: "apache" },
  { name: "/etc/httpd/conf/httpd.conf", text: "", kind: "apache" },
  // both have such a folder, so what stands in the file decides
  { name: "sites-enabled/default", text: site.nginx, kind: "nginx" },
  { name: "sites-enabled/default", text: site.apache, kind: "apache" },
  { name: "sites-enabled/default", text: "", kind: undefined },
  { name: "haproxy.cfg", text: "", kind: "haproxy" },
  { name: "/etc/haproxy/conf.d/10-web.cfg", text: "", kind: "haproxy" },
  { name: "edge.cfg", text: "frontend web\n  bind :80\n  default_backend app\nbackend app\n  server a b:1\n", kind: "haproxy" },
  { name: "Caddyfile.prod", text: "", kind: "caddy" },
  { name: "edge.txt", text: "example.com {\n  reverse_proxy app:80\n}\n", kind: "caddy" },
])("$name with «$text» is $kind", ({ name, text, kind }) => {
  expect(detectKind({ name, text })).toBe(kind);
});
