import { createHash, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import type { Route, TargetTls } from "@wherefrom/model";

/** The TLS settings of a target with its files read. */
export type LoadedTls = {
  readonly context: SecureContext;
  /** `undefined`: the host of the URL. */
  readonly serverName: string | undefined;
  readonly acceptsAnyCertificate: boolean;
  /** Of everything above: two that differ in anything have another one. */
  readonly digest: string;
};

/** Loaded settings, by the settings as a snapshot has them. */
export type LoadedTlsMap = ReadonlyMap<TargetTls, LoadedTls>;

/** A setting that cannot be used. */
export type TlsFault = { readonly path: readonly PropertyKey[]; readonly expected: string };

/** Gives the text of a file, or throws. */
export type ReadFile = (path: string) => string;

/** Reads the files of all targets, once. Finds all faults, as paths below the routes. */
export function loadTargetTls(routes: readonly Route[], readFile: ReadFile): { loaded: LoadedTlsMap; faults: readonly TlsFault[] } {
  const loaded = new Map<TargetTls, LoadedTls>();
  const faults: TlsFault[] = [];
  routes.forEach(({ targets = [] }, routeIndex) => {
    targets.forEach(({ tls }, targetIndex) => {
      if (tls === undefined) return;
      const result = loadTls(tls, readFile);
      if ("context" in result) loaded.set(tls, result);
      else faults.push({ path: [routeIndex, "targets", targetIndex, "tls", result.field], expected: result.expected });
    });
  });
  return { loaded, faults };
}

type FieldFault = { readonly field: keyof TargetTls; readonly expected: string };

function loadTls(tls: TargetTls, readFile: ReadFile): LoadedTls | FieldFault {
  const ca = tls.ca ?? textOf(tls.caFile, readFile);
  const certificate = textOf(tls.certFile, readFile);
  const key = textOf(tls.keyFile, readFile);
  if (tls.ca !== undefined && !holdsCertificates(ca)) return { field: "ca", expected: "Expected certificates as PEM" };
  if (tls.caFile !== undefined && !holdsCertificates(ca)) return { field: "caFile", expected: NO_CERTIFICATES };
  if (tls.certFile !== undefined && !holdsCertificates(certificate)) return { field: "certFile", expected: NO_CERTIFICATES };
  const { serverName, insecureAcceptAnyCertificate: acceptsAnyCertificate } = tls;
  const digest = createHash("sha256")
    .update(JSON.stringify([ca, certificate, key, serverName, acceptsAnyCertificate]))
    .digest("base64");
  try {
    const context = createSecureContext({ ca, cert: certificate, key });
    if (tls.keyFile !== undefined && key === undefined) return { field: "keyFile", expected: NO_KEY };
    return { context, serverName, acceptsAnyCertificate, digest };
  } catch {
    // What OpenSSL says of a key may quote it.
    return { field: "keyFile", expected: NO_KEY };
  }
}

const NO_CERTIFICATES = "Expected a file that the gateway can read, with certificates as PEM";
const NO_KEY = "Expected a file that the gateway can read, with the key of certFile as PEM, without a passphrase";

/** `undefined` when there is no such setting, or no such file. */
function textOf(path: string | undefined, readFile: ReadFile): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFile(path);
  } catch {
    return undefined;
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Whether a text has certificates, all of which can be read: OpenSSL passes over the others without a word. */
function holdsCertificates(text: string | undefined): boolean {
  if (text === undefined) return false;
  const blocks = text.match(CERTIFICATE) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    return false;
  }
  return blocks.length > 0 && blocks.length === text.split("-----BEGIN CERTIFICATE-----").length - 1;
}
