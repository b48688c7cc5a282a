import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { Server } from "node:https";
import { createSecureContext } from "node:tls";
import { escapeText } from "wherefrom";
import { ControlError } from "../errors.ts";
import type { ControlNotice } from "../notice.ts";

/** Where a certificate and its key are, in PEM. The certificate comes first in its file, those that lead to a root behind it. */
export type CertificateFiles = { readonly certFile: string; readonly keyFile: string };

/** A certificate with its key, as a TLS server takes them. */
export type Certificate = { readonly cert: Buffer; readonly key: Buffer; readonly notAfter: Date };

/** Errors: `ControlError` CONTROL_CERTIFICATE_UNUSABLE. */
export function readCertificate({ certFile, keyFile }: CertificateFiles): Certificate {
  try {
    const cert = readFileSync(certFile);
    const key = readFileSync(keyFile);
    const certificate = new X509Certificate(cert);
    if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error("the key is not that of the certificate");
    // Throws what X509Certificate does not see: a broken certificate further down the file, a key that TLS would not take.
    createSecureContext({ cert, key });
    return { cert, key, notAfter: new Date(certificate.validTo) };
  } catch (error) {
    const why = escapeText(error instanceof Error ? error.message : String(error));
    const message = `The certificate in ${escapeText(certFile)} and the key in ${escapeText(keyFile)} cannot be used: ${why}`;
    throw new ControlError("CONTROL_CERTIFICATE_UNUSABLE", message, { cause: error });
  }
}

type Follower = { readonly lookMs: number; readonly onNotice: (notice: ControlNotice) => void };

/**
 * Looks at the files again and again, and uses them anew when they have changed and stopped changing: two files are written one after the other. What cannot
 * be used changes nothing but for a notice. The answer ends it.
 */
export function followCertificate(server: Server, files: CertificateFiles, { lookMs, onNotice }: Follower): () => void {
  let readStamp = stampOf(files);
  let seenStamp = readStamp;
  const look = (): void => {
    const stamp = stampOf(files);
    const hasSettled = stamp === seenStamp;
    seenStamp = stamp;
    if (!hasSettled || stamp === readStamp) return;
    readStamp = stamp;
    try {
      const { cert, key, notAfter } = readCertificate(files);
      server.setSecureContext({ cert, key });
      onNotice({ kind: "certificate-loaded", notAfter });
    } catch (error) {
      onNotice({ kind: "certificate-refused", error });
    }
  };
  const timer = setInterval(look, lookMs);
  return () => clearInterval(timer);
}

/** What changes when one of the files is written anew, also by putting another in its place. Empty when one is not there. */
function stampOf({ certFile, keyFile }: CertificateFiles): string {
  const stats = [certFile, keyFile].map((file) => statSync(file, { throwIfNoEntry: false }));
  return stats.map((stat) => (stat === undefined ? "" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`)).join(" ");
}
