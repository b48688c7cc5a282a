import { z } from "zod";

/** The longest time that a timeout may allow: a day. */
const MAX_TIMEOUT_MS = 86_400_000;

/** Whether a text is a target origin: `http://` or `https://`, a host, an optional port, and nothing else. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    (url.protocol === "http:" || url.protocol === "https:") &&
    url.pathname === "/" &&
    url.search === "" &&
    url.hash === "" &&
    url.username === "" &&
    url.password === ""
  );
}

/** Origin of a target. The request's own path is kept. */
export const originSchema = z.string().refine(isOrigin, "Expected http://host:port or https://host:port and nothing after it");

const timeoutSchema = z.int().min(1).max(MAX_TIMEOUT_MS);

const targetTimeouts = {
  connectMs: timeoutSchema.optional().describe("Connecting, TLS handshake included"),
  headersMs: timeoutSchema.optional().describe("From the request sent to the header of the response"),
  bodyMs: timeoutSchema.optional().describe("Silence inside the response body"),
};

/** How long a target may take. What is absent is the gateway's limit. */
const targetTimeoutsSchema = z.strictObject(targetTimeouts).meta({ id: "TargetTimeouts" });

const TOTAL =
  "From the request's header to the last byte of the answer, retries included. Absent: none, as downloads and event streams take as long as they take";

/** The timeouts of a route: those of its targets where they name none, and one over everything. */
export const routeTimeoutsSchema = z
  .strictObject({ ...targetTimeouts, totalMs: timeoutSchema.optional().describe(TOTAL) })
  .meta({ id: "RouteTimeouts" });

/** Certificates as text, in characters: room for a chain of several. */
const MAX_PEM_LENGTH = 65_536;
const MAX_PATH_LENGTH = 4_096;

const filePath = z
  .string()
  .max(MAX_PATH_LENGTH)
  .regex(/^\/[^\0]+$/, "Expected an absolute path");

const MAX_NAME_LENGTH = 253;
const SERVER_NAME = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/**
 * How the gateway speaks TLS to a target. Files are read by the gateway, when it takes a snapshot: a private key has no place in a configuration
 * that others may read.
 */
const targetTlsSchema = z
  .strictObject({
    ca: z
      .string()
      .max(MAX_PEM_LENGTH)
      .includes("-----BEGIN CERTIFICATE-----", "Expected certificates as PEM")
      .optional()
      .describe("Who may have signed the target's certificate, as PEM, in place of those that Node trusts"),
    caFile: filePath.optional().describe("The same, in a file"),
    serverName: z
      .string()
      .max(MAX_NAME_LENGTH)
      .regex(SERVER_NAME, "Expected a host name")
      .optional()
      .describe("What the certificate has to be for, and what is asked for by SNI: where it is not the host of the URL"),
    certFile: filePath.optional().describe("The gateway's own certificate with its chain, as PEM"),
    keyFile: filePath.optional().describe("The key of that certificate, as PEM"),
    insecureAcceptAnyCertificate: z
      .boolean()
      .default(false)
      .describe("Takes whatever certificate there is, so that anybody on the way can be the target. Only to find a fault"),
  })
  .refine(({ ca, caFile }: { ca?: unknown; caFile?: unknown }) => ca === undefined || caFile === undefined, {
    path: ["caFile"],
    error: "Expected no caFile beside ca",
  })
  .refine(({ certFile, keyFile }: { certFile?: unknown; keyFile?: unknown }) => (certFile === undefined) === (keyFile === undefined), {
    path: ["keyFile"],
    error: "Expected certFile and keyFile, or neither",
  })
  .meta({ id: "TargetTls" });

export type TargetTls = z.output<typeof targetTlsSchema>;

/** One of the servers that a route goes to. */
export const routeTargetSchema = z
  .strictObject({
    url: originSchema,
    socketPath: filePath
      .optional()
      .describe("A unix socket to connect to in place of the URL's host and port, which then only say what the target is called"),
    http2: z
      .boolean()
      .default(false)
      .describe("Speaks HTTP/2: agreed on by TLS (ALPN) for https, with prior knowledge for http. A target that does not answers 502"),
    tls: targetTlsSchema.optional(),
    timeouts: targetTimeoutsSchema.optional(),
  })
  .refine(({ url, tls }) => tls === undefined || !url.startsWith("http:"), {
    path: ["tls"],
    error: "Expected no tls for an http: URL",
  })
  .meta({ id: "RouteTarget" });

export type RouteTarget = z.output<typeof routeTargetSchema>;
