import type { FactValue } from "@wherefrom/diagnosis";
import type { ClientRule, ConfigReading, Passage, Trust } from "@wherefrom/proxies";

/** What configurations say for a diagnosis. A fact that they do not agree on is left out. */
export function factsOfConfigs(readings: readonly ConfigReading[]): Readonly<Record<string, FactValue>> {
  const passages = readings.flatMap((reading) => reading.passages);
  const trust = agreedTrust(passages);
  const isRewritten = agreedRewriting(passages);
  return {
    ...(trust !== undefined && { "app.trust": trust }),
    ...(isRewritten !== undefined && { "fw.conntrackSnat": isRewritten }),
  };
}

/** Services say which trust is in force. A proxy does where it is the last to read a header. */
function agreedTrust(passages: readonly Passage[]): string | undefined {
  const services = passages.filter((passage) => passage.kind === "service");
  const proxies = passages.filter((passage) => passage.kind === "proxy");
  const deciding = services.length > 0 ? services : proxies.filter(({ client }) => client.kind === "header");
  const [first, ...others] = deciding.map((passage) => trustValue(passage.client));
  return others.every((value) => value === first) ? first : undefined;
}

/** Whether the source of every client from outside is rewritten, or of none. */
function agreedRewriting(passages: readonly Passage[]): boolean | undefined {
  const outside = passages.filter((passage) => passage.kind === "network").filter(({ from }) => from === "outside");
  const [first, ...others] = outside.map(({ sources: [source, ...more] }) =>
    more.length > 0 || source.source.kind === "unknown" ? undefined : source.source.kind !== "kept",
  );
  return others.every((value) => value === first) ? first : undefined;
}

function trustValue(rule: ClientRule): string | undefined {
  switch (rule.kind) {
    case "peer":
      return "none";
    case "header":
      return valueOfTrust(rule.trust);
    case "preamble":
    case "unknown":
      return undefined;
  }
}

function valueOfTrust(trust: Trust): string | undefined {
  switch (trust.kind) {
    case "nobody":
      return "none";
    case "everybody":
      return "wildcard";
    case "list":
      return trust.entries.every((entry) => entry.startsWith("127.") || entry === "::1/128") ? "loopback" : "list";
    case "unknown":
      return undefined;
  }
}
