import { readFileSync } from "node:fs";
import type { Place } from "@wherefrom/model";
import { Reader, type Response } from "mmdb-lib";
import { escapeText } from "wherefrom";
import { z } from "zod";
import { GatewayError } from "../errors.ts";

const MAX_DATABASES = 8;

/** Files in which a gateway looks up where addresses are from, as a gateway file holds them. */
export const geoDatabasesSchema = z
  .array(z.string().min(1, "Expected the path of a file"))
  .max(MAX_DATABASES, `Expected at most ${MAX_DATABASES} files`);

/** What of a record is read: the names of MaxMind's databases, and of those that others make in their format. */
type GeoRecord = {
  readonly autonomous_system_number?: unknown;
  readonly asn?: unknown;
  readonly country?: { readonly iso_code?: unknown };
  readonly country_code?: unknown;
};

/**
 * The operator's own databases in MaxMind's format (MMDB), for countries, for autonomous systems, or both. Nothing is bundled: what a database says is as
 * right as the database. Of several that know the same, the first counts.
 */
export class GeoDatabases {
  readonly #readers: readonly Reader<Response>[];

  /** Reads the files whole. Errors: `GATEWAY_GEO_DATABASE_UNUSABLE`. */
  constructor(files: readonly string[]) {
    this.#readers = files.map(openReader);
  }

  placeOf(ip: string): Place {
    const records = this.#readers.map((reader) => reader.get(ip) as GeoRecord | null);
    return { asn: firstOf(records, asnOf), region: firstOf(records, regionOf) };
  }
}

function openReader(file: string): Reader<Response> {
  try {
    return new Reader<Response>(readFileSync(file));
  } catch (error) {
    const cause = escapeText(error instanceof Error ? error.message : String(error));
    throw new GatewayError(
      "GATEWAY_GEO_DATABASE_UNUSABLE",
      `The geo database ${escapeText(file)} cannot be used: expected an MMDB file, received: ${cause}`,
    );
  }
}

function firstOf(records: readonly (GeoRecord | null)[], read: (record: GeoRecord) => string | undefined): string | undefined {
  for (const record of records) {
    const value = record === null ? undefined : read(record);
    if (value !== undefined) return value;
  }
  return undefined;
}

function asnOf({ autonomous_system_number: number, asn }: GeoRecord): string | undefined {
  const value = number ?? asn;
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

function regionOf({ country, country_code: code }: GeoRecord): string | undefined {
  const value = country?.iso_code ?? code;
  return typeof value === "string" ? value : undefined;
}
