import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A certificate and its key, in PEM. */
export type TestCertificate = { readonly cert: string; readonly key: string };

type CertificateOptions = {
  readonly name?: string;
  /** Also for 127.0.0.1, unless told otherwise. */
  readonly withAddress?: boolean;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
};

const DAY_MS = 86_400_000;

/** Makes a certificate that its own key has signed. Node can read certificates and cannot make them (RFC 5280 §4.1). */
export function makeCertificate({ name = "localhost", withAddress = true, ...validity }: CertificateOptions = {}): TestCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + 365 * DAY_MS) } = validity;
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const subject = sequence(set(sequence(oid("550403"), tagged(0x0c, Buffer.from(name))))); // commonName
  const address = withAddress ? [tagged(0x87, Buffer.from([127, 0, 0, 1]))] : [];
  const alternatives = sequence(tagged(0x82, Buffer.from(name)), ...address);
  const extensions = sequence(sequence(oid("551d11"), tagged(0x04, alternatives))); // subjectAltName
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.from([2]))), // version 3
    tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    subject,
    sequence(time(notBefore), time(notAfter)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, extensions),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, privateKey)]));
  const der = sequence(body, algorithm, signature);
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function tagged(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, ...lengthOf(value)]), value]);
}

/** As short as it can be: strict readers take no other (X.690 §10.1). */
function lengthOf({ length }: Buffer): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

const sequence = (...parts: Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));
const set = (...parts: Buffer[]): Buffer => tagged(0x31, Buffer.concat(parts));
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, "hex"));
/** GeneralizedTime: `20260102030405Z`. */
const time = (date: Date): Buffer => tagged(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+/g, "")}`));
