import { type Field, frame, LAST_PING, literals, PREFACE, requestFrame } from "./http2-bytes.ts";

/** Where a connection comes in: a listener of the gateway, or control. */
export type Door = "http" | "http2" | "proxy" | "engine" | "control";

/** What one connection sends. All of it is within the limits: whatever is past one is not read any more, and then costs nothing. */
export type Input = {
  readonly name: string;
  readonly door: Door;
  /** One after another: each waits until something has come for the one before. */
  readonly pieces: readonly Buffer[];
  /** How many answers there are to be, over HTTP/2 streams that end. */
  readonly answers: number;
};

const UPLOAD_BYTES = 1_000_000;
/** As many as may wait on one connection, and one less. */
const REQUESTS = 60;
/** Just within what is counted in ten seconds of a connection. */
const CONTROL_FRAMES = 900;
/** The same for resets, and for frames that are errors; Node counts empty data among them. */
const RESETS = 190;
/** Node ends a connection on more than eight behind one header. */
const CONTINUATIONS = 7;
const STREAMS = 100;

/** What the others are compared with: as many bytes as one upload, and as the requests of a browser. */
export const UPLOAD = "upload";
export const REQUESTS_OF_A_BROWSER = "requests";

const browser = head(
  "GET /cart HTTP/1.1",
  "Host: shop.example.com",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "Accept: */*",
  "Accept-Encoding: gzip, br",
  "X-Forwarded-For: 203.0.113.7, 10.0.2.5",
);

const small = get();
const upload = (length: number): Buffer => head("POST / HTTP/1.1", "Host: a", `Content-Length: ${length}`);
const chunked = head("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked");
const LAST_CHUNK = Buffer.from("0\r\n\r\n");

const HANDSHAKE = head(
  "GET / HTTP/1.1",
  "Host: a",
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
);

/** A fragment of a message with nothing in it, as a client sends it (RFC 6455 §5.4), and the one that ends the message. */
const FRAGMENT = Buffer.from([0x00, 0x80, 1, 2, 3, 4]);
const FRAGMENTS = Buffer.concat([Buffer.from([0x02, 0x80, 1, 2, 3, 4]), ...times(50_000, FRAGMENT), Buffer.from([0x80, 0x80, 1, 2, 3, 4])]);

/** Inside what the policy trusts, so that the walk goes through all of them. */
const TRUSTED_HOPS = Array.from({ length: 63 }, (_, index) => `10.${index}.0.1`).join(",");

const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", "a"],
  [":path", "/"],
];
const word = (value: number): Buffer => Buffer.from([value >> 24, value >> 16, value >> 8, value]);
/** Entry 62 is the first that a client has put into the table itself; so many of it make a header as long as it may be. */
const BOMB: readonly Buffer[] = numbered(STREAMS, (stream) => {
  const taken = stream === 1 ? Buffer.concat([Buffer.from([0x40, 1, 0x61]), long("x".repeat(3_900))]) : Buffer.from([0xbe, 0xbe, 0xbe]);
  return requestFrame(stream, Buffer.concat([literals(GET), taken]));
});

const POST = requestFrame(1, literals(GET.map(([name, value]) => [name, name === ":method" ? "POST" : value])), { isLast: false });
const LAST_DATA = frame("DATA", { flags: 1, stream: 1 });

const question = head(
  "GET /auth-request HTTP/1.1",
  "Host: a",
  "X-Original-Peer: 10.0.0.1",
  "X-Original-Method: GET",
  `X-Original-Uri: /${"%2e".repeat(2_600)}`,
  `X-Forwarded-For: ${TRUSTED_HOPS}`,
);

const http2 = (name: string, frames: readonly Buffer[], answers = 0): Input => ({
  name: `http2 ${name}`,
  door: "http2",
  pieces: [Buffer.concat([PREFACE, ...frames, LAST_PING])],
  answers,
});

const http = (name: string, pieces: readonly Buffer[], answers = 1): Input => ({ name, door: "http", pieces, answers });

/** Those with which the others are compared, first. */
export const inputs: readonly Input[] = [
  http(UPLOAD, [Buffer.concat([upload(UPLOAD_BYTES), Buffer.alloc(UPLOAD_BYTES, "x")])]),
  http(REQUESTS_OF_A_BROWSER, [Buffer.concat(times(REQUESTS, browser))], REQUESTS),
  http("pipelined requests", [Buffer.concat(times(REQUESTS, small))], REQUESTS),
  http("tiny chunks", [Buffer.concat([chunked, ...times(60_000, Buffer.from("1\r\nx\r\n")), LAST_CHUNK])]),
  http("chunk extensions", [Buffer.concat([chunked, ...times(2_000, Buffer.from("1;a=b\r\nx\r\n")), LAST_CHUNK])]),
  http("many fields", [Buffer.concat(times(REQUESTS, get(...Array.from({ length: 98 }, (_, index) => `a${index}:`))))], REQUESTS),
  http("long chains", [Buffer.concat(times(REQUESTS, get(`X-Forwarded-For: 203.0.113.7,${TRUSTED_HOPS}`)))], REQUESTS),
  http("chain of 16 KB", [Buffer.concat(times(REQUESTS, get(`X-Forwarded-For: ${"1,".repeat(8_000)}203.0.113.7`)))], REQUESTS),
  http("websocket fragments", [HANDSHAKE, FRAGMENTS]),
  http2(
    "requests",
    numbered(STREAMS, (stream) => requestFrame(stream, literals(GET))),
    STREAMS,
  ),
  http2("headers from the table", BOMB, STREAMS),
  http2(
    "resets",
    numbered(RESETS, (stream) => Buffer.concat([requestFrame(stream, literals(GET)), frame("RST_STREAM", { stream, payload: word(8) })])),
  ),
  http2("pings", times(CONTROL_FRAMES, frame("PING", { payload: Buffer.alloc(8) }))),
  http2("settings", times(CONTROL_FRAMES, frame("SETTINGS"))),
  http2("priorities", times(CONTROL_FRAMES, frame("PRIORITY", { stream: 1, payload: Buffer.from([0, 0, 0, 0, 1]) }))),
  http2("unknown frames", times(CONTROL_FRAMES, frame(0x42))),
  http2("window updates", times(20_000, frame("WINDOW_UPDATE", { payload: word(1) }))),
  http2(
    "continuations",
    numbered(STREAMS, (stream) =>
      Buffer.concat([
        requestFrame(stream, Buffer.alloc(0), { isWhole: false }),
        ...times(CONTINUATIONS, frame("CONTINUATION", { stream })),
        frame("CONTINUATION", { flags: 4, stream, payload: literals(GET) }),
      ]),
    ),
    STREAMS,
  ),
  http2("empty data", [POST, ...times(RESETS, frame("DATA", { stream: 1 })), LAST_DATA], 1),
  http2("data byte by byte", [POST, ...times(20_000, frame("DATA", { stream: 1, payload: Buffer.from("x") })), LAST_DATA], 1),
  { name: "proxy additions", door: "proxy", pieces: [Buffer.concat([proxyHeader(), small])], answers: 1 },
  { name: "decision questions", door: "engine", pieces: [Buffer.concat(times(REQUESTS, question))], answers: REQUESTS },
  json("control unknown fields", `{${Array.from({ length: 30_000 }, (_, index) => `"x${index}":0`).join(",")}}`),
  json("control empty lists", `{"routes":[${"[],".repeat(150_000)}[]]}`),
  json("control routes without a name", `{"routes":[${'{"name":0},'.repeat(30_000)}{}]}`),
  {
    name: "control documents",
    door: "control",
    pieces: [Buffer.concat(times(REQUESTS, head("GET /openapi.json HTTP/1.1", "Host: localhost")))],
    answers: REQUESTS,
  },
];

function json(name: string, body: string): Input {
  const path = "/v1/organizations/local/environments/bench";
  const fields = ["Host: localhost", "Content-Type: application/json", `Content-Length: ${body.length}`];
  return { name, door: "control", pieces: [Buffer.concat([head(`PUT ${path} HTTP/1.1`, ...fields), Buffer.from(body)])], answers: 1 };
}

function numbered(count: number, make: (stream: number) => Buffer): Buffer[] {
  return Array.from({ length: count }, (_, index) => make(2 * index + 1));
}

function get(...lines: readonly string[]): Buffer {
  return head("GET / HTTP/1.1", "Host: a", ...lines);
}

/** With as many additions as there may be, each as small as can be. */
function proxyHeader(): Buffer {
  const additions = Buffer.concat(times(64, Buffer.from([0xe0, 0, 0])));
  const block = Buffer.concat([Buffer.from([203, 0, 113, 7, 198, 51, 100, 1, 0, 1, 0, 2]), additions]);
  const length = Buffer.from([block.length >> 8, block.length]);
  return Buffer.concat([Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1"), Buffer.from([0x21, 0x11]), length, block]);
}

function head(...lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function times(count: number, bytes: Buffer): Buffer[] {
  return Array.from({ length: count }, () => bytes);
}

/** A text as HPACK writes it when it is longer than 126 bytes (RFC 7541 §5.1). */
function long(value: string): Buffer {
  const rest = value.length - 127;
  return Buffer.concat([Buffer.from([127, (rest & 127) | 128, rest >> 7]), Buffer.from(value, "latin1")]);
}
