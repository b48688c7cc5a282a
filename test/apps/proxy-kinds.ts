import { nginxCommand, nginxConfig } from "./nginx-config.ts";
import type { ProxyKind } from "./proxy.ts";

/** An nginx whose location has these lines. */
function nginx(...lines: readonly string[]): ProxyKind {
  return {
    files: ({ folder, listen, target }) => {
      const server = `server {
    listen 127.0.0.1:${listen};
    location / {
      proxy_pass http://127.0.0.1:${target};
      ${lines.join("\n      ")}
    }
  }`;
      const http = ["map $http_upgrade $connection_upgrade { default upgrade; '' close; }", server];
      return { "nginx.conf": nginxConfig(folder, { http, logs: "crit" }) };
    },
    command: ({ folder }) => nginxCommand(folder),
  };
}

const upgrades = ["proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;"];

const haproxy: ProxyKind = {
  files: ({ listen, target }) => ({
    "haproxy.cfg": `global
  maxconn 64
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${listen}
  option forwardfor
  default_backend out
backend out
  server service 127.0.0.1:${target}
`,
  }),
  command: ({ folder }) => ["haproxy", "-db", "-f", `${folder}/haproxy.cfg`],
};

const caddy: ProxyKind = {
  files: ({ listen, target }) => ({
    Caddyfile: `{
  admin off
  auto_https off
}
http://127.0.0.1:${listen}, http://:${listen} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${target}
}
`,
  }),
  command: ({ folder }) => ["caddy", "run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
  env: ({ folder }) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
};

const apache: ProxyKind = {
  files: ({ folder, listen, target }) => ({
    "apache.conf": `ServerRoot ${folder}
ServerName 127.0.0.1
PidFile ${folder}/apache.pid
Listen 127.0.0.1:${listen}
ErrorLog ${folder}/error.log
LogLevel error
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
User www-data
Group www-data
StartServers 1
ThreadsPerChild 4
MaxRequestWorkers 4
ServerLimit 1
ProxyPass / http://127.0.0.1:${target}/
`,
  }),
  command: ({ folder }) => ["apache2", "-DFOREGROUND", "-f", `${folder}/apache.conf`],
};

const varnish: ProxyKind = {
  files: ({ target }) => ({ "default.vcl": `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${target}"; }\n` }),
  command: ({ folder, listen }) => [
    "varnishd",
    "-F",
    "-n",
    `${folder}/work`,
    "-f",
    `${folder}/default.vcl`,
    "-a",
    `127.0.0.1:${listen}`,
    "-s",
    "malloc,8m",
  ],
};

const squid: ProxyKind = {
  files: ({ listen, target }) => ({
    "squid.conf": `http_port 127.0.0.1:${listen} accel defaultsite=service.example no-vhost
cache_peer 127.0.0.1 parent ${target} 0 no-query originserver no-digest
http_access allow all
cache deny all
access_log none
cache_log /dev/null
pid_filename none
coredump_dir none
shutdown_lifetime 0 seconds
workers 1
pinger_enable off
`,
  }),
  // its name keeps its shared memory apart from that of another one
  command: ({ folder, listen }) => ["squid", "-N", "-n", `wf${listen}`, "-f", `${folder}/squid.conf`],
};

const lighttpd: ProxyKind = {
  files: ({ folder, listen, target }) => ({
    "lighttpd.conf": `server.modules = ( "mod_proxy" )
server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${listen}
proxy.server = ( "" => ( ( "host" => "127.0.0.1", "port" => ${target} ) ) )
`,
  }),
  command: ({ folder }) => ["lighttpd", "-D", "-f", `${folder}/lighttpd.conf`],
};

/** The set-ups whose signatures are known, by the names that they have in the doctor's data. */
export const proxyKinds = {
  "nginx, append": nginx("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", ...upgrades),
  "nginx, overwrite": nginx("proxy_set_header X-Forwarded-For $remote_addr;"),
  "nginx, no directive": nginx(),
  haproxy,
  caddy,
  apache,
  varnish,
  squid,
  lighttpd,
} as const satisfies Readonly<Record<string, ProxyKind>>;
