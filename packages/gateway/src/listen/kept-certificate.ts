import { escapeText } from "wherefrom";
import { GatewayError } from "../errors.ts";
import type { Notice } from "../notice.ts";
import { type Certificate, type CertificateFiles, type CertificateState, readCertificate, stampOf } from "./certificate.ts";

const DAY_MS = 86_400_000;
/** How long before its end a certificate is told of, each day anew. */
const EXPIRY_NOTICE_DAYS = 14;

type KeptCertificateParts = {
  readonly onNotice: (notice: Notice) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How often the files are looked at. */
  readonly checkMs: number;
};

/**
 * A certificate of listeners, kept up to date with its files: they are looked at again and again, and read when they have changed and stopped changing. One that
 * cannot be used changes nothing but for a notice. Not a watch of the system: that one loses files which are put in place of others.
 */
export class KeptCertificate {
  readonly #files: CertificateFiles;
  readonly #parts: KeptCertificateParts;
  readonly #followers: ((certificate: Certificate) => void)[] = [];
  #current: Certificate;
  /** Of the files as they were last read, and as they were last seen. */
  #readStamp: string;
  #seenStamp: string;
  #warnedAtMs = Number.NEGATIVE_INFINITY;
  readonly #timer: NodeJS.Timeout;

  /** Errors: `GATEWAY_CERTIFICATE_UNUSABLE`. */
  static async open(files: CertificateFiles, parts: KeptCertificateParts): Promise<KeptCertificate> {
    try {
      const stamp = await stampOf(files);
      return new KeptCertificate(await readCertificate(files), { files, stamp, parts });
    } catch (error) {
      const why = escapeText(error instanceof Error ? error.message : String(error));
      throw new GatewayError("GATEWAY_CERTIFICATE_UNUSABLE", `The certificate in ${escapeText(files.certFile)} cannot be used: ${why}`);
    }
  }

  private constructor(
    current: Certificate,
    { files, stamp, parts }: { files: CertificateFiles; stamp: string; parts: KeptCertificateParts },
  ) {
    this.#current = current;
    this.#files = files;
    this.#parts = parts;
    this.#readStamp = stamp;
    this.#seenStamp = stamp;
    this.#timer = setInterval(() => void this.#look(), parts.checkMs);
    this.#timer.unref();
    this.#warnOfExpiry();
  }

  get state(): CertificateState {
    return { file: this.#files.certFile, notAfter: this.#current.notAfter };
  }

  /** Has somebody use the certificate, and every later one from then on. */
  follow(use: (certificate: Certificate) => void): void {
    this.#followers.push(use);
    use(this.#current);
  }

  /** Reads the files again, changed or not. */
  async refresh(): Promise<void> {
    this.#readStamp = await stampOf(this.#files).catch(() => "");
    try {
      this.#use(await readCertificate(this.#files));
    } catch (error) {
      this.#refuse(error instanceof Error ? error.message : String(error));
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Two files are written one after the other: read half-way, they would be a certificate and the key of another. */
  async #look(): Promise<void> {
    const stamp = await stampOf(this.#files).catch(() => "");
    const hasSettled = stamp === this.#seenStamp;
    this.#seenStamp = stamp;
    if (hasSettled && stamp !== this.#readStamp) await this.refresh();
    this.#warnOfExpiry();
  }

  #use(certificate: Certificate): void {
    const { digest, subject, notBefore, notAfter } = certificate;
    if (digest === this.#current.digest) return;
    const nowMs = this.#parts.now();
    if (nowMs < notBefore.getTime()) return this.#refuse(`it is valid from ${notBefore.toISOString()} only`);
    if (nowMs > notAfter.getTime()) return this.#refuse(`it has expired on ${notAfter.toISOString()}`);
    this.#current = certificate;
    this.#warnedAtMs = Number.NEGATIVE_INFINITY;
    for (const use of this.#followers) use(certificate);
    const message = `A new certificate is in use, for ${escapeText(subject)}, until ${notAfter.toISOString()}`;
    this.#parts.onNotice({ level: "info", code: "CERTIFICATE_LOADED", message });
  }

  #refuse(why: string): void {
    const message = `The certificate in ${escapeText(this.#files.certFile)} was not taken, the former goes on: ${escapeText(why)}`;
    this.#parts.onNotice({ level: "warning", code: "CERTIFICATE_REFUSED", message });
  }

  #warnOfExpiry(): void {
    const { subject, notAfter } = this.#current;
    const nowMs = this.#parts.now();
    const leftMs = notAfter.getTime() - nowMs;
    if (leftMs > EXPIRY_NOTICE_DAYS * DAY_MS || nowMs - this.#warnedAtMs < DAY_MS) return;
    this.#warnedAtMs = nowMs;
    const when =
      leftMs > 0
        ? `expires on ${notAfter.toISOString()}, in ${Math.floor(leftMs / DAY_MS)} days`
        : `has expired on ${notAfter.toISOString()}`;
    this.#parts.onNotice({ level: "warning", code: "CERTIFICATE_EXPIRES", message: `The certificate for ${escapeText(subject)} ${when}` });
  }
}
