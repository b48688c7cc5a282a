import { readApacheFormat } from "./apache-format.ts";
import { readEnvoyFormat } from "./envoy-format.ts";
import { haproxyLayouts, isCapture } from "./haproxy-format.ts";
import { type FieldMapping, jsonFieldsOf, KNOWN_JSON } from "./json-fields.ts";
import { type FormatPart, type Layout, layoutOf } from "./layout.ts";
import type { LogFormat } from "./log-format.ts";
import { readNginxFormat } from "./nginx-format.ts";
import { headerRole, OTHER } from "./role.ts";

/** The line that nginx and Apache call combined. */
const COMBINED = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"';

/** Envoy's own format, where none is configured. It does not name the peer. */
const ENVOY =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% ' +
  '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"';

/** Headers that a JSON log may have, in lower case. */
const JSON_HEADERS = ["x-forwarded-for", "forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip"] as const;

/** Formats by their names, as `--format` takes them. A name may stand for several layouts, of which a line fits one. */
export type NamedFormat = { readonly name: string; readonly formats: readonly LogFormat[] };

/** All formats that are told by their lines. `policyHeaders` are read from JSON as well; `mappings` name HAProxy's captures. */
export function knownFormats({
  policyHeaders,
  mappings,
}: {
  readonly policyHeaders: ReadonlySet<string>;
  readonly mappings: readonly FieldMapping[];
}): readonly NamedFormat[] {
  const headers = [...new Set([...JSON_HEADERS, ...policyHeaders])];
  const text = (name: string, ...layouts: readonly Layout[]): NamedFormat => ({
    name,
    formats: layouts.map((layout) => ({ kind: "text", name, layout })),
  });
  const apache = (name: string, format: string): NamedFormat => text(name, readApacheFormat(format, name));
  return [
    apache("combined", COMBINED),
    text(
      "combined-xff",
      readNginxFormat(
        '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"',
        "combined-xff",
      ),
    ),
    apache("common", '%h %l %u %t "%r" %>s %b'),
    apache("vhost-combined", `%v:%p ${COMBINED}`),
    text("wherefrom-combined", wherefromCombined()),
    text("haproxy", ...haproxyLayouts(mappings.filter(isCapture))),
    text("traefik", traefikLayout()),
    text("envoy", readEnvoyFormat(ENVOY, "envoy")),
    ...KNOWN_JSON.map(({ name, fields }): NamedFormat => ({ name, formats: [{ kind: "json", name, fields: fields(headers) }] })),
    ...(mappings.length === 0 || mappings.every(isCapture)
      ? []
      : [
          {
            name: "json",
            formats: [{ kind: "json", name: "json", fields: jsonFieldsOf(mappings.filter((mapping) => !isCapture(mapping))) } as const],
          },
        ]),
  ];
}

/** What a combined line has between the bracket before its time and the quote behind its user agent. */
const FROM_TIME_TO_AGENT: readonly FormatPart[] = [
  { kind: "time" },
  '] "',
  { kind: "request" },
  '" ',
  { kind: "status" },
  " ",
  { kind: "word" },
  ' "',
  OTHER,
  '" "',
  headerRole("user-agent"),
];

/** The gateway's own line: the client that it resolved first, and what combined has no place for behind. */
function wherefromCombined(): Layout {
  const parts: readonly FormatPart[] = [
    { kind: "recorded", what: "ip" },
    " - - [",
    ...FROM_TIME_TO_AGENT,
    '" peer="',
    { kind: "peer", hasPort: false },
    '" trust=',
    { kind: "recorded", what: "trust" },
    " outcome=",
    { kind: "recorded", what: "outcome" },
    " reason=",
    { kind: "recorded", what: "reason" },
    " ",
    OTHER,
  ];
  return layoutOf(parts, { escape: "backslash", where: "wherefrom-combined" });
}

/**
 * Traefik's common log format, which ends in the router, the server and the time that it took. It escapes nothing but what Go quotes.
 *
 * It does not name the peer: what it begins with is the whole X-Forwarded-For of the request, and the peer only where there was none.
 * Source: Traefik, `ClientHost` of its access log.
 */
function traefikLayout(): Layout {
  const parts: readonly FormatPart[] = [
    { kind: "recorded", what: "ip" },
    " - ",
    OTHER,
    " [",
    ...FROM_TIME_TO_AGENT,
    '" ',
    { kind: "word" },
    ' "',
    OTHER,
    '" "',
    OTHER,
    '" ',
    { kind: "word" },
    "ms",
  ];
  return layoutOf(parts, { escape: "backslash", where: "traefik" });
}
