import type { Product } from "./description.ts";

/** What a change is about, where each product has its own words for it. */
export type FixSubject =
  | "trust"
  | "write-header"
  | "overwrite-header"
  | "send-preamble"
  | "gate-preamble"
  | "walk"
  | "upgrade"
  | "write-late"
  | "source";

/** Lines in a product's own language. Words in capitals are for the reader to fill in. */
const FIXES: Readonly<Record<FixSubject, Readonly<Partial<Record<Product, string>>>>> = {
  trust: {
    nginx: "set_real_ip_from PROXY_NETWORK;",
    haproxy: "http-request set-src hdr_ip(x-forwarded-for,-1) if { src PROXY_NETWORK }",
    caddy: "trusted_proxies static PROXY_NETWORK",
    apache: "RemoteIPInternalProxy PROXY_NETWORK",
    express: 'app.set("trust proxy", ["PROXY_NETWORK"]);',
    fastify: 'Fastify({ trustProxy: ["PROXY_NETWORK"] })',
    koa: 'app.proxy = false; // and take the address from a middleware that knows its proxies, as clientIp(resolver) of "wherefrom/koa"',
    uvicorn: "--forwarded-allow-ips PROXY_ADDRESS",
    gunicorn: "--forwarded-allow-ips PROXY_ADDRESS",
    docker: "FORWARDED_ALLOW_IPS: PROXY_ADDRESS",
  },
  "write-header": {
    nginx: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    haproxy: "option forwardfor",
    caddy: "reverse_proxy UPSTREAM # without header_up for X-Forwarded-For: Caddy writes it by itself",
    apache: "ProxyAddHeaders On",
  },
  "overwrite-header": {
    nginx: "proxy_set_header X-Forwarded-For $remote_addr;",
    haproxy: "http-request set-header X-Forwarded-For %[src]",
    caddy: "header_up X-Forwarded-For {remote_host}",
    apache: 'RequestHeader set X-Forwarded-For "expr=%{REMOTE_ADDR}"\nProxyAddHeaders Off',
  },
  "send-preamble": {
    nginx: "proxy_protocol on;",
    haproxy: "server NAME ADDRESS send-proxy-v2",
  },
  "gate-preamble": {
    nginx: "set_real_ip_from LOAD_BALANCER_NETWORK;",
    haproxy: "tcp-request connection expect-proxy layer4 if { src LOAD_BALANCER_NETWORK }",
    caddy: "proxy_protocol {\n  allow LOAD_BALANCER_NETWORK\n}",
    apache: "RemoteIPProxyProtocolExceptions EVERYBODY_ELSE # or a firewall that lets only the load balancer in",
    gunicorn: "--proxy-allow-from LOAD_BALANCER_ADDRESS",
  },
  walk: {
    nginx: "real_ip_recursive on;",
    caddy: "trusted_proxies_strict",
    apache: "RemoteIPInternalProxy PROXY_NETWORK",
    express: 'app.set("trust proxy", ["PROXY_NETWORK"]);',
    koa: "app.maxIpsCount = NUMBER_OF_PROXIES;",
    haproxy: "http-request set-src hdr_ip(x-forwarded-for,-1) if { src PROXY_NETWORK }",
  },
  source: {
    nftables: 'oifname "OUTER_INTERFACE" ip saddr INNER_NETWORK masquerade # when the answers of the service come back through here',
    iptables: "-A POSTROUTING -s INNER_NETWORK -o OUTER_INTERFACE -j MASQUERADE # when the answers of the service come back through here",
  },
  "write-late": {
    caddy: "header_up NAME VALUE # in reverse_proxy, in place of request_header",
    apache: "RequestHeader unset Connection # where no WebSocket is to pass",
  },
  upgrade: {
    nginx: "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $connection_upgrade;",
    apache: "ProxyPass PATH http://UPSTREAM upgrade=websocket",
  },
};

/** The lines that change something, in a product's own language; nothing where it has no such line. */
export function fixFor(subject: FixSubject, product: Product): { readonly fix?: string } {
  const fix = FIXES[subject][product];
  return fix === undefined ? {} : { fix };
}
