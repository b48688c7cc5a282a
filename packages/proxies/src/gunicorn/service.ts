import { uvicornRule } from "../command/uvicorn-rule.ts";
import type { ClientRule, ServicePassage, Trust } from "../description.ts";
import { type Finding, findingAt } from "../finding.ts";
import type { Place } from "../source.ts";
import { toldText, toldTexts } from "../told-text.ts";
import { EVERYBODY, trustIn } from "../trust.ts";
import type { Setting } from "./python-settings.ts";

/** Settings of gunicorn that have been made, by name. */
export type GunicornSettings = ReadonlyMap<string, Setting>;

const LOOPBACK = "127.0.0.1,::1";

/** Workers that give the peer as REMOTE_ADDR, by the names that they have. */
const OWN_WORKERS =
  /^(?:egg:gunicorn#)?(?:sync|gthread|gevent|eventlet|gevent_wsgi|gevent_pywsgi)$|^gunicorn\.workers\.(?:sync\.SyncWorker|gthread\.ThreadWorker|ggevent\.GeventWorker|geventlet\.EventletWorker)$/;
const UVICORN_WORKERS = /^uvicorn(?:\.workers|_worker)\.Uvicorn(?:H11)?Worker$/;

/**
 * Whom a service under gunicorn takes for its client.
 *
 * Source: gunicorn, `wsgi.create`: REMOTE_ADDR is the peer, or what its PROXY protocol header says; `forwarded_allow_ips` is about the scheme alone. A worker of uvicorn hands it to uvicorn, which reads X-Forwarded-For, and no PROXY protocol.
 */
export function gunicornService(
  settings: GunicornSettings,
  { name, place }: { readonly name: string; readonly place: Place },
): { readonly passage: ServicePassage; readonly findings: readonly Finding[] } {
  const service = { kind: "service", product: "gunicorn", place, name } as const;
  const worker = settings.get("worker_class");
  const workerName = worker === undefined ? "sync" : textIn(worker);
  if (workerName !== undefined && UVICORN_WORKERS.test(workerName)) {
    const unused = withoutEffect(settings, ["proxy_protocol", "proxy_allow_ips"]);
    return { passage: { ...service, client: uvicornClient(settings.get("forwarded_allow_ips"), place) }, findings: unused };
  }
  if (worker !== undefined && (workerName === undefined || !OWN_WORKERS.test(workerName))) {
    return { passage: { ...service, client: { kind: "unknown", why: writtenIn(worker), place: worker.place } }, findings: [] };
  }
  const protocol = settings.get("proxy_protocol");
  const isOn = protocol === undefined ? false : isSwitchedOn(protocol);
  if (protocol !== undefined && isOn === undefined) {
    return {
      passage: { ...service, client: { kind: "unknown", why: writtenIn(protocol), place: protocol.place } },
      findings: withoutEffect(settings, ["forwarded_allow_ips"]),
    };
  }
  if (protocol === undefined || isOn !== true) {
    return {
      passage: { ...service, client: { kind: "peer" } },
      findings: withoutEffect(settings, ["forwarded_allow_ips", "proxy_allow_ips"]),
    };
  }
  const trust = allowed(settings.get("proxy_allow_ips"));
  return {
    passage: {
      ...service,
      preambleIn: { from: trust, place: protocol.place },
      client: { kind: "preamble", trust, place: settings.get("proxy_allow_ips")?.place ?? protocol.place },
    },
    findings: withoutEffect(settings, ["forwarded_allow_ips"]),
  };
}

function uvicornClient(setting: Setting | undefined, place: Place): ClientRule {
  if (setting === undefined) return uvicornRule(LOOPBACK, place);
  const text = textIn(setting);
  return text === undefined ? { kind: "unknown", why: writtenIn(setting), place: setting.place } : uvicornRule(text, setting.place);
}

/** Who may send a PROXY protocol header. Before gunicorn 24.1 a network among them matches nobody. */
function allowed(setting: Setting | undefined): Trust {
  const text = setting === undefined ? LOOPBACK : textIn(setting);
  if (text === undefined) return { kind: "unknown", why: setting === undefined ? "" : writtenIn(setting) };
  const entries = text.split(",").map((entry) => entry.trim());
  if (entries.includes("*")) return EVERYBODY;
  const { trust, strange } = trustIn(entries.filter((entry) => entry !== ""));
  return strange.length > 0 ? { kind: "unknown", why: toldTexts(strange) } : trust;
}

function textIn({ value }: Setting): string | undefined {
  return value.kind === "value" && typeof value.value === "string" ? value.value : undefined;
}

function writtenIn({ value }: Setting): string {
  return toldText(value.kind === "computed" ? value.text : String(value.value));
}

/** Before 24.1 it is on or off; since then it may say which version of the protocol. */
function isSwitchedOn({ value }: Setting): boolean | undefined {
  if (value.kind === "computed") return undefined;
  const word = String(value.value ?? false)
    .trim()
    .toLowerCase();
  if (["true", "auto", "v1", "v2"].includes(word)) return true;
  return ["false", "off"].includes(word) ? false : undefined;
}

/** Settings that are made and change nothing about the address. One that switches something off is none. */
function withoutEffect(settings: GunicornSettings, names: readonly string[]): readonly Finding[] {
  return names.flatMap((name) => {
    const setting = settings.get(name);
    if (setting === undefined || (name === "proxy_protocol" && isSwitchedOn(setting) === false)) return [];
    return [findingAt(setting.place, { code: "FINDING_SETTING_WITHOUT_EFFECT", severity: "note", what: name })];
  });
}
