import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext, type SecureContextOptions } from "node:tls";

/** Where a certificate and its key are, in PEM. The certificate comes first in its file, those that lead to a root behind it. */
export type CertificateFiles = { readonly certFile: string; readonly keyFile: string };

/** A certificate that can be used with its key. */
export type Certificate = {
  /** What a TLS server takes. */
  readonly options: SecureContextOptions;
  /** Of both files: what stands behind the certificate is served, too. */
  readonly digest: string;
  /** For whom, as a person reads it. */
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
};

/** What can be told about a certificate in use. */
export type CertificateState = { readonly file: string; readonly notAfter: Date };

/** Reads both files. Errors: an `Error` that says why the two are not a certificate and its key. */
export async function readCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
  const certificate = told(`${certFile} is no certificate in PEM`, () => new X509Certificate(cert));
  const privateKey = told(`${keyFile} is no private key in PEM`, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) throw new Error("the key is not that of the certificate");
  const options = { cert, key };
  // Finds what X509Certificate does not see: a broken certificate further down the file, a key that TLS would not take.
  told("TLS does not take them", () => createSecureContext(options));
  return {
    options,
    digest: createHash("sha256").update(cert).update(key).digest("base64"),
    subject: certificate.subjectAltName ?? certificate.subject,
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
}

/** What OpenSSL says of it names no file. */
function told<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What changes when one of the files is written anew, also by putting another in its place. Not their content. */
export async function stampOf({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const stats = await Promise.all([stat(certFile), stat(keyFile)]);
  return stats.map(({ ino, size, mtimeMs }) => `${ino}:${size}:${mtimeMs}`).join(" ");
}
