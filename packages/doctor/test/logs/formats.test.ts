import { describe, expect, test } from "vitest";
import { chooseFormat, parseLogFormat } from "../../src/access-log/format/choose-format.ts";
import { parseFieldMappings } from "../../src/access-log/format/json-fields.ts";
import { parseLogTime } from "../../src/access-log/log-time.ts";
import { type Said, sayLine } from "./read-lines.ts";

const AT = "2026-11-25T09:50:08.000Z";
const time = "25/Nov/2026:10:50:08 +0100";
const xff = (...lines: readonly string[]) => ({ "x-forwarded-for": lines });

const choose = (text: string, options: { format?: string; fields?: readonly string[] } = {}) =>
  chooseFormat(Buffer.from(text), {
    path: "access.log",
    mappings: parseFieldMappings(options.fields ?? []),
    policyHeaders: new Set(),
    ...(options.format !== undefined && { format: options.format }),
  });

describe("format strings", () => {
  const rows: { format: string; line: string; says: Said | undefined }[] = [
    {
      format: '$remote_addr - $remote_user [$time_local] "$request" $status "$http_x_forwarded_for"',
      line: `10.0.0.1 - - [${time}] "GET / HTTP/1.1" 200 "203.0.113.7, 10.0.0.2"`,
      says: { peer: "10.0.0.1", headers: xff("203.0.113.7, 10.0.0.2"), status: 200, time: AT },
    },
    // a port behind IPv6 without brackets is no part of the address
    { format: "$remote_addr:$remote_port $status", line: "2001:db8::1:40000 200", says: { peer: "2001:db8::1", headers: {}, status: 200 } },
    // realip has replaced $remote_addr
    {
      format: "$remote_addr $realip_remote_addr $status",
      line: "203.0.113.7 10.0.0.1 101",
      says: { peer: "10.0.0.1", headers: {}, status: 101 },
    },
    { format: "${remote_addr} $status", line: "unix: 200", says: { peer: undefined, headers: {}, status: 200 } },
    { format: "$remote_addr:$remote_port $status", line: "unix:1 200", says: { peer: undefined, headers: {}, status: 200 } },
    { format: "%a %{usec}t %>s", line: "10.0.0.1 1795600208000123 200", says: { peer: "10.0.0.1", headers: {}, status: 200, time: AT } },
    // a quote that a client sends is escaped, and so no end of a value
    {
      format: '$remote_addr "$http_x_forwarded_for" $status',
      line: '10.0.0.1 "\\x22, 203.0.113.7" 200',
      says: { peer: "10.0.0.1", headers: xff('", 203.0.113.7'), status: 200 },
    },
    {
      format: 'escape=json {"peer":"$remote_addr","xff":"$http_x_forwarded_for","status":$status}',
      line: '{"peer":"10.0.0.1","xff":"\\"\\\\, 203.0.113.7","status":200}',
      says: { peer: "10.0.0.1", headers: xff('"\\, 203.0.113.7'), status: 200 },
    },
    {
      format: '%h %l %u %t \\"%r\\" %>s %b \\"%{X-Forwarded-For}i\\"',
      line: `10.0.0.1 - - [${time}] "GET / HTTP/1.1" 200 - "203.0.113.7"`,
      says: { peer: "10.0.0.1", headers: xff("203.0.113.7"), status: 200, time: AT },
    },
    {
      format: '%a %{c}a "%{X-Forwarded-For}i" %s',
      line: '203.0.113.7 10.0.0.1 "a\\"b\\\\" 200',
      says: { peer: "10.0.0.1", headers: xff('a"b\\'), status: 200 },
    },
    { format: "%h %400,501{User-Agent}i %%%>s", line: "10.0.0.1 - %200", says: { peer: "10.0.0.1", headers: {}, status: 200 } },
    {
      format: '[%START_TIME%] %RESPONSE_CODE% "%REQ(X-FORWARDED-FOR)%" %DOWNSTREAM_DIRECT_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS%',
      line: '[2026-11-25T09:50:08.000Z] 200 "203.0.113.7" [2001:db8::1]:40000 203.0.113.7:0',
      says: { peer: "[2001:db8::1]", headers: xff("203.0.113.7"), status: 200, time: AT },
    },
    // shifted values give themselves away by the status or the time
    { format: '$remote_addr "$http_referer" $status', line: '10.0.0.1 "a" b" 200', says: undefined },
    { format: "$remote_addr [$time_local] $status", line: "10.0.0.1 [yesterday] 200", says: undefined },
    { format: "$remote_addr $status", line: "10.0.0.1 200 more", says: undefined },
    // nginx logs a PROXY header that it does not expect as a bad request
    {
      format: '$remote_addr "$request" $status',
      line: '10.0.0.1 "PROXY TCP4 203.0.113.7 10.0.0.1 4 5" 400',
      says: { peer: "10.0.0.1", headers: {}, status: 400, preamble: 1 },
    },
    {
      format: '$remote_addr "$request" $status',
      line: '10.0.0.1 "\\x00\\x0D\\x0AQUIT\\x0A!\\x11" 400',
      says: { peer: "10.0.0.1", headers: {}, status: 400, preamble: 2 },
    },
  ];
  test.each(rows)("$format: $line", ({ format, line, says }) => {
    expect(sayLine({ kind: "text", name: "it", layout: parseLogFormat(format) }, line)).toEqual(says);
  });

  const faulty = [
    { format: "$remote_addr$status", says: /text between two values/ },
    { format: "$remote_addr $", says: /a name behind each \$/ },
    { format: "%h %~", says: /a directive of LogFormat/ },
    { format: "%START_TIME% %x", says: /an operator between each two %/ },
    { format: "squid", says: /a format's name, or a format string/ },
  ];
  test.each(faulty)("«$format» is refused", ({ format, says }) => {
    expect(() => parseLogFormat(format)).toThrow(
      expect.objectContaining({ code: "LOGS_FORMAT_INVALID", message: expect.stringMatching(says) }),
    );
  });
});

describe("formats that lines tell by themselves", () => {
  const combined = `203.0.113.7 - - [${time}] "GET / HTTP/1.1" 200 17 "-" "probe/1"`;
  const rows: { name: string; line: string; fields?: readonly string[]; says: Said }[] = [
    { name: "combined", line: combined, says: { peer: "203.0.113.7", headers: {}, status: 200, time: AT } },
    { name: "combined-xff", line: `${combined} "-"`, says: { peer: "203.0.113.7", headers: {}, status: 200, time: AT } },
    {
      name: "common",
      line: combined.slice(0, combined.indexOf(' "-"')),
      says: { peer: "203.0.113.7", headers: {}, status: 200, time: AT },
    },
    { name: "vhost-combined", line: `shop.example:80 ${combined}`, says: { peer: "203.0.113.7", headers: {}, status: 200, time: AT } },
    {
      name: "wherefrom-combined",
      line: `${combined} peer="10.0.0.1" trust=verified outcome=resolved reason=- signed_hop=- route=shop`,
      says: { peer: "10.0.0.1", headers: {}, status: 200, time: AT },
    },
    {
      name: "haproxy",
      line: '10.0.0.1:40000 [25/Nov/2026:09:50:08.123] in out/one 0/0/1/2/3 200 17 - - ---- 1/1/0/0/0 0/0 {203.0.113.7|#7bx} {} "GET / HTTP/1.1"',
      fields: ["xff=capture.1"],
      says: { peer: "10.0.0.1", headers: xff("203.0.113.7"), status: 200 },
    },
    {
      name: "haproxy",
      line: 'Nov 25 09:50:08 edge haproxy[7]: ::1:40000 [25/Nov/2026:09:50:08.123] in out/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"',
      says: { peer: "::1", headers: {}, status: 400 },
    },
    {
      name: "traefik",
      line: `${combined.replace('"probe/1"', '"-"')} 12 "shop@docker" "http://10.1.0.2:80" 3ms`,
      // it may be the peer, or the header that the peer sent
      says: { peer: undefined, headers: {}, status: 200, time: AT },
    },
    {
      name: "envoy",
      line: '[2026-11-25T09:50:08.000Z] "GET / HTTP/1.1" 200 - 0 17 3 2 "203.0.113.7" "curl" "id" "shop.example" "10.1.0.2:80"',
      says: { peer: undefined, headers: xff("203.0.113.7"), status: 200, time: AT },
    },
    {
      name: "caddy",
      line: '{"level":"info","ts":1795600208,"request":{"remote_ip":"10.0.0.1","method":"GET","headers":{"X-Forwarded-For":["203.0.113.7","10.0.0.2"]}},"status":101}',
      says: { peer: "10.0.0.1", headers: xff("203.0.113.7", "10.0.0.2"), status: 101, time: AT },
    },
    {
      name: "traefik-json",
      line: '{"ClientAddr":"[2001:db8::1]:40000","RequestMethod":"GET","request_X-Forwarded-For":"203.0.113.7","DownstreamStatus":200,"StartUTC":"2026-11-25T09:50:08Z"}',
      says: { peer: "[2001:db8::1]", headers: xff("203.0.113.7"), status: 200, time: AT },
    },
    {
      name: "envoy-json",
      line: '{"response_flags":"-","upstream_host":"a","downstream_remote_address":"10.0.0.1:4","x_forwarded_for":"203.0.113.7","response_code":200,"start_time":"2026-11-25T09:50:08.000Z"}',
      says: { peer: "10.0.0.1", headers: xff("203.0.113.7"), status: 200, time: AT },
    },
    {
      name: "nginx-json",
      line: '{"remote_addr":"10.0.0.1","http_x_forwarded_for":"203.0.113.7","status":"200","msec":"1795600208.000"}',
      says: { peer: "10.0.0.1", headers: xff("203.0.113.7"), status: 200, time: AT },
    },
    {
      name: "wherefrom-json",
      line: '{"event":"request","gateway":"g","time":"2026-11-25T09:50:08.000Z","client":"203.0.113.7","trust":"verified","outcome":"resolved","peer":"10.0.0.1","status":200,"isComplete":true,"revision":7}',
      says: { peer: "10.0.0.1", headers: {}, status: 200, time: AT },
    },
    {
      name: "json",
      line: '{"req":{"ip":"10.0.0.1","xff":["203.0.113.7"]},"at":1795600208000}',
      fields: ["peer=req.ip", "xff=req.xff", "time=at"],
      says: { peer: "10.0.0.1", headers: xff("203.0.113.7"), status: 0, time: AT },
    },
  ];
  test.each(rows)("$name: $line", ({ name, line, fields, says }) => {
    const chosen = choose(`${line}\n${line}\n`, fields === undefined ? {} : { fields });
    expect({ name: chosen.format.name, lines: chosen.lines, fits: chosen.fits, alsoFits: chosen.alsoFits }).toEqual({
      name,
      lines: 2,
      fits: 2,
      alsoFits: [],
    });
    const said = sayLine(chosen.format, line);
    // HAProxy's time has no zone
    expect(name === "haproxy" ? { ...said, time: undefined } : said).toEqual(says);
  });

  test("a value that gets longer by being read is read to its end, and so are those behind it", () => {
    // nginx writes what is no UTF-8 as it is; each such byte is read as a character of three
    const line = Buffer.concat([
      Buffer.from('{"remote_addr":"10.0.0.1","status":200,"http_x_forwarded_for":"'),
      Buffer.alloc(9_000, 0xff),
      Buffer.from(', 203.0.113.7","http_x_real_ip":"203.0.113.8","time":"2026-11-25T09:50:08Z"}'),
    ]);
    const { format } = choose('{"remote_addr":"10.0.0.1","status":200,"time":"2026-11-25T09:50:08Z"}\n');
    const said = sayLine(format, line);
    expect(said?.headers["x-forwarded-for"]?.[0]).toMatch(/, 203\.0\.113\.7$/);
    expect(said?.headers["x-real-ip"]).toEqual(["203.0.113.8"]);
  });

  test.each([1e300, -1e300, 8.7e21])("a JSON line of the time %s is malformed, for there is no such time", (at) => {
    const { format } = choose('{"ip":"10.0.0.1","at":1}\n', { fields: ["peer=ip", "time=at"] });
    expect(sayLine(format, JSON.stringify({ ip: "10.0.0.1", at }))).toBeUndefined();
  });

  test("two formats that say different things of one line are not guessed between", () => {
    const line =
      '{"remote_addr":"10.0.0.1","status":200,"time":"2026-11-25T09:50:08Z","response_flags":"-","upstream_host":"a","response_code":200,"start_time":"2026-11-25T09:50:08Z","downstream_remote_address":"10.0.0.9:4"}\n';
    expect(() => choose(line)).toThrow(
      expect.objectContaining({ code: "LOGS_FORMAT_AMBIGUOUS", message: expect.stringContaining("envoy-json and nginx-json") }),
    );
    expect(choose(line, { format: "envoy-json" }).format.name).toBe("envoy-json");
  });

  const unknown = [
    { text: "", says: "There is no line in it" },
    { text: "\u001b[31mhello\n", says: "\\x1b[31mhello" },
    { text: '{"ip":"10.0.0.1"}\n', says: "Its members are ip" },
    { text: `${combined}\nnot a line\nneither\n`, says: "fit no format that is known" },
  ];
  test.each(unknown)("$says", ({ text, says }) => {
    expect(() => choose(text)).toThrow(expect.objectContaining({ code: "LOGS_FORMAT_UNKNOWN", message: expect.stringContaining(says) }));
  });
});

test.each(["peer", "ip=a", "peer=", "xff=a..b", "header.a b=c"])("--field %s is refused", (text) => {
  expect(() => parseFieldMappings([text])).toThrow(expect.objectContaining({ code: "LOGS_FIELD_INVALID" }));
});

test.each([
  { text: "25/Nov/2026:09:50:08 +0000", ms: Date.UTC(2026, 10, 25, 9, 50, 8) },
  { text: "25/Nov/2026:09:50:08 -0330", ms: Date.UTC(2026, 10, 25, 13, 20, 8) },
  { text: "2026-11-25T09:50:08+01:00", ms: Date.UTC(2026, 10, 25, 8, 50, 8) },
  { text: "2026-11-25 09:50:08.5Z", ms: Date.UTC(2026, 10, 25, 9, 50, 8, 500) },
  { text: "1795600208.123", ms: 1_795_600_208_123 },
  // Apache's %{msec}t and %{usec}t; Caddy's unix_nano
  { text: "1795600208123", ms: 1_795_600_208_123 },
  { text: "1795600208123456", ms: 1_795_600_208_123 },
  { text: "1795600208123456789", ms: 1_795_600_208_123 },
  { text: "31/Nix/2026:09:50:08 +0000", ms: undefined },
  { text: "25/Nov/2026:29:50:08 +0000", ms: undefined },
  { text: "2026-11-25", ms: undefined },
  { text: "", ms: undefined },
])("$text is $ms", ({ text, ms }) => {
  expect(parseLogTime(text)).toBe(ms);
});
