import type { IncomingMessage } from "node:http";
import { type PeerCertificate, TLSSocket } from "node:tls";
import { ECHO_FIELD, ECHO_MET, ECHO_MET_FIELD } from "../echo/echo.ts";
import type { Answerer, Certificate } from "./answer.ts";
import { type Destination, dialTls } from "./dial.ts";
import { MAX_ANSWERER_LENGTH } from "./parse-run.ts";

/** Reads who answered in place of an echo. */
export function answererOf(response: IncomingMessage, asked: URL): Answerer {
  const { server, via, location } = response.headers;
  const redirectsTo = location === undefined ? undefined : originOf(location, asked);
  const met = ECHO_MET.find((one) => one === response.headers[ECHO_MET_FIELD]);
  const certificate = response.socket instanceof TLSSocket ? certificateOf(response.socket.getPeerCertificate()) : undefined;
  return {
    status: response.statusCode ?? 0,
    byEcho: response.headers[ECHO_FIELD] !== undefined,
    ...(met !== undefined && { met }),
    ...(typeof server === "string" && { server: kept(server) }),
    ...(via !== undefined && { via: kept(via) }),
    ...(redirectsTo !== undefined && { redirectsTo }),
    ...(certificate && { certificate }),
  };
}

function originOf(location: string, asked: URL): string | undefined {
  return URL.canParse(location, asked.href) ? kept(new URL(location, asked).origin) : undefined;
}

/** Codes of a server that could not be proven to be who it says. What it says can be read then, by a handshake that nothing follows. */
const UNPROVEN = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID$)/;

/** The certificate of a server whose certificate was refused with a code. `undefined` for a code of anything else. */
export async function refusedCertificate(destination: Destination, code: string): Promise<Certificate | undefined> {
  if (!UNPROVEN.test(code)) return undefined;
  return new Promise((resolve) => {
    const socket = dialTls(destination, { isVerified: false });
    const settle = (certificate?: Certificate): void => {
      resolve(certificate);
      socket.destroy();
    };
    socket.setTimeout(destination.timeoutMs, () => settle());
    socket.on("secureConnect", () => settle(certificateOf(socket.getPeerCertificate())));
    socket.on("error", () => settle()).on("close", () => settle());
  });
}

function certificateOf({ subject, issuer, valid_to: validTo }: PeerCertificate): Certificate | undefined {
  // the type says that they are there; of a session that was taken up again they are not
  if (subject === undefined || issuer === undefined) return undefined;
  return { subject: kept(namedIn(subject)), issuer: kept(namedIn(issuer)), validTo: kept(validTo) };
}

function namedIn(name: PeerCertificate["subject"]): string {
  return Object.entries(name)
    .map(([attribute, value]) => `${attribute}=${[value].flat().join("+")}`)
    .join(", ");
}

function kept(text: string): string {
  return text.slice(0, MAX_ANSWERER_LENGTH);
}
