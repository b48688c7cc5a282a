import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { escapeText } from "wherefrom";
import { CliError } from "./errors.ts";

/** Reads the certificates of authorities, PEM. Throws `CliError` DOCTOR_CA_UNUSABLE. */
export function readAuthorityFile(path: string): string {
  try {
    const text = readFileSync(path, "latin1");
    new X509Certificate(text);
    return text;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError("DOCTOR_CA_UNUSABLE", `--ca: expected a file with a certificate, PEM: ${escapeText(path)}: ${escapeText(why, 200)}`);
  }
}
