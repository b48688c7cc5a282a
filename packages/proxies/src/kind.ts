import { readApache } from "./apache/read-apache.ts";
import { readCaddy } from "./caddy/read-caddy.ts";
import { readCommand } from "./command/read-command.ts";
import { readCompose } from "./compose/read-compose.ts";
import { readGunicorn } from "./gunicorn/read-gunicorn.ts";
import { readHaproxy } from "./haproxy/read-haproxy.ts";
import { readJavascript } from "./javascript/read-javascript.ts";
import { readIptables } from "./network/read-iptables.ts";
import { readNft } from "./network/read-nft.ts";
import { readNginx } from "./nginx/read-nginx.ts";
import type { Reader } from "./reading.ts";
import type { SourceText } from "./source.ts";

/** A kind of configuration: how it is read, and how it is told from the others. */
type KindRow = {
  readonly reader: Reader;
  /** What its files are called. */
  readonly file?: RegExp;
  /** What stands in it and in no other. Looked for line by line in the beginning of the text. */
  readonly lines: RegExp;
};

/** The kinds of configuration that are read. */
export type ConfigKind =
  | "nginx"
  | "haproxy"
  | "caddy"
  | "apache"
  | "nftables"
  | "iptables"
  | "javascript"
  | "gunicorn"
  | "compose"
  | "command";

const KINDS: Readonly<Record<ConfigKind, KindRow>> = {
  nginx: {
    reader: readNginx,
    file: /(?:^|\/)nginx[^/]*\.conf$|(?:^|\/)nginx\/(?:[^/]+\/)*[^/]+$/,
    lines: /^\s*(?:(?:http|server|stream|events)\s*\{|location\s+\S.*\{|proxy_set_header\s|set_real_ip_from\s)/,
  },
  haproxy: {
    reader: readHaproxy,
    file: /(?:^|\/)haproxy[^/]*\.(?:cfg|conf)$|(?:^|\/)haproxy\/(?:[^/]+\/)*[^/]+\.cfg$/,
    lines:
      /^\s*(?:(?:frontend|backend|listen)\s+[\w.:-]+\s*(?:from\s|#|$)|(?:default_backend|use_backend|http-request|tcp-request)\s|option\s+(?:forwardfor|httplog)\b)/,
  },
  caddy: {
    reader: readCaddy,
    file: /(?:^|\/)Caddyfile[^/]*$|\.caddyfile$|(?:^|\/)caddy\/(?:[^/]+\/)*[^/]+\.caddy$/i,
    lines: /^\s*(?:reverse_proxy\s|header_up\s|handle(?:_path)?\s+(?:[^\s{]\S*\s+)?\{|\([\w-]+\)\s*\{|file_server\b|php_fastcgi\s)/,
  },
  apache: {
    reader: readApache,
    file: /(?:^|\/)(?:apache2?|httpd)[^/]*\.conf$|(?:^|\/)(?:apache2|httpd)\/(?:[^/]+\/)*[^/]+\.conf$/,
    lines:
      /^\s*(?:<(?:VirtualHost|Location|Directory|IfModule|Proxy)[ >]|(?:ProxyPass(?:Reverse)?|RequestHeader|RemoteIP\w+|LoadModule|DocumentRoot|ServerAdmin)\s)/i,
  },
  nftables: {
    reader: readNft,
    file: /(?:^|\/)[^/]*nftables?[^/]*\.(?:conf|rules)$|\.nft$/,
    lines: /^\s*(?:table (?:ip6?|inet|arp|bridge|netdev) \S+ ?\{|chain \S+ ?\{|type (?:nat|filter|route) hook )/,
  },
  iptables: {
    reader: readIptables,
    file: /(?:^|\/)(?:rules\.v[46]|ip6?tables[^/]*)$/,
    lines: /^(?:\*(?:nat|filter|mangle|raw|security)\s*$|:\S+ (?:ACCEPT|DROP|-) \[|-A \S+ .*-[jg] |COMMIT\s*$)/,
  },
  javascript: {
    reader: readJavascript,
    file: /\.[cm]?[jt]sx?$/,
    lines:
      /(?:require\(|from )\s*["'](?:express|fastify|koa|@nestjs\/platform-fastify)["']|\.(?:set|enable|disable)\(["']trust proxy["']|\btrustProxy:/,
  },
  gunicorn: {
    reader: readGunicorn,
    file: /(?:^|\/)gunicorn[^/]*\.py$/,
    lines: /^(?:wsgi_app|bind|worker_class|forwarded_allow_ips|secure_scheme_headers|proxy_protocol|proxy_allow_ips)\s*(?::\s*\w+\s*)?=/,
  },
  compose: {
    reader: readCompose,
    file: /(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$/,
    lines: /^(?:services:\s*$|\s+(?:image|ports|network_mode|container_name|depends_on|env_file):)/,
  },
  command: {
    reader: readCommand,
    file: /(?:^|\/)(?:Procfile|Dockerfile[^/]*|[^/]+\.service)$/,
    lines: /(?:^|[\s"/])(?:uvicorn|gunicorn)["\s]/,
  },
};

export const CONFIG_KINDS = Object.keys(KINDS) as readonly ConfigKind[];

/** How much of a text is looked at to tell its kind, in UTF-16 units. */
const MAX_LOOKED_AT = 65_536;
const MAX_LINE_LOOKED_AT = 1_000;

/** Tells the kind of a configuration: by its name, or by the most lines that only one kind has. `undefined` when nothing tells. */
export function detectKind({ name, text }: SourceText): ConfigKind | undefined {
  const rows = Object.entries(KINDS) as readonly [ConfigKind, KindRow][];
  const byName = rows.find(([, { file }]) => file?.test(name) === true);
  if (byName !== undefined) return byName[0];
  const lines = text
    .slice(0, MAX_LOOKED_AT)
    .split("\n")
    .map((line) => line.slice(0, MAX_LINE_LOOKED_AT));
  const counted = rows.map(([kind, row]) => ({ kind, count: lines.filter((line) => row.lines.test(line)).length }));
  const [best, second] = counted.toSorted((first, other) => other.count - first.count);
  return best === undefined || best.count === 0 || best.count === second?.count ? undefined : best.kind;
}

/** The reader of a kind. */
export function readerOf(kind: ConfigKind): Reader {
  return KINDS[kind].reader;
}
