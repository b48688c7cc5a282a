import { readFileSync } from "node:fs";
import { repositoryPath } from "../process/repository.ts";
import { nginxCommand, nginxConfig } from "./nginx-config.ts";
import type { ProxyKind } from "./proxy.ts";

/** A file of `examples/decide`, with the addresses that it names put in the place of its own. */
function example(name: string, addresses: Readonly<Record<string, string>>): string {
  let text = readFileSync(repositoryPath(`examples/decide/${name}`), "utf8");
  for (const [own, other] of Object.entries(addresses)) {
    if (!text.includes(own)) throw new Error(`${name} does not say «${own}» any more`);
    text = text.replaceAll(own, other);
  }
  return text;
}

type EngineOptions = {
  /** Port of 127.0.0.1 at which the gateway decides. */
  readonly decide: number;
};

const GATEWAY = "127.0.0.1:9000";
const APPLICATION = "127.0.0.1:3000";

/**
 * nginx by `nginx.conf`. With `unix`, a path for each folder, whom nginx takes a request from can be chosen: on its port a PROXY protocol header says it, and on the
 * unix socket there is nobody.
 */
export function nginxEngine({ decide, unix }: EngineOptions & { readonly unix?: (folder: string) => string }): ProxyKind {
  const listens = (folder: string, port: number): string =>
    unix === undefined ? `listen 127.0.0.1:${port};` : `listen 127.0.0.1:${port} proxy_protocol;\n  listen unix:${unix(folder)};`;
  return {
    files: ({ folder, listen, target }) => ({
      "nginx.conf": nginxConfig(folder, {
        http: [
          "map $proxy_protocol_addr $peer { '' $realip_remote_addr; default $proxy_protocol_addr; }",
          `include ${folder}/wherefrom.conf;`,
        ],
        logs: "crit",
      }),
      "wherefrom.conf": example("nginx.conf", {
        "listen 8080;": listens(folder, listen),
        [`server ${GATEWAY};`]: `server 127.0.0.1:${decide};`,
        [`server ${APPLICATION};`]: `server 127.0.0.1:${target};`,
        ...(unix === undefined ? {} : { "X-Original-Peer   $realip_remote_addr": "X-Original-Peer $peer" }),
      }),
    }),
    command: ({ folder }) => nginxCommand(folder),
  };
}

/** Caddy by `Caddyfile`. */
export function caddyEngine({ decide }: EngineOptions): ProxyKind {
  return {
    files: ({ listen, target }) => {
      const text = example("Caddyfile", {
        ":8080 {": `:${listen} {\n\tbind 127.0.0.1`,
        [`forward_auth ${GATEWAY}`]: `forward_auth 127.0.0.1:${decide}`,
        [`reverse_proxy ${APPLICATION}`]: `reverse_proxy 127.0.0.1:${target}`,
      });
      return { Caddyfile: `{\n\tadmin off\n\tauto_https off\n}\n${text}` };
    },
    command: ({ folder }) => ["caddy", "run", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
    env: ({ folder }) => ({ HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }),
  };
}

/** HAProxy by `haproxy.cfg` and `haproxy.lua`. */
export function haproxyEngine({ decide }: EngineOptions): ProxyKind {
  return {
    files: ({ folder, listen, target }) => ({
      "haproxy.lua": example("haproxy.lua", { [`http://${GATEWAY}/`]: `http://127.0.0.1:${decide}/` }),
      "haproxy.cfg": example("haproxy.cfg", {
        "bind :8080": `bind 127.0.0.1:${listen}`,
        "/etc/haproxy/haproxy.lua": `${folder}/haproxy.lua`,
        [`server application ${APPLICATION}`]: `server application 127.0.0.1:${target}`,
      }),
    }),
    command: ({ folder }) => ["haproxy", "-db", "-f", `${folder}/haproxy.cfg`],
  };
}
