import { z } from "zod";
import { refuseFaults } from "../http/api-error.ts";
import { type Endpoint, jsonAnswer, type RouteLine } from "../http/endpoint.ts";
import { constant } from "../http/presentation.ts";
import { shownValue } from "../http/violations.ts";
import { type Discovery, discoveryAt, discoveryOf } from "./discovery.ts";
import { openApiOf } from "./openapi.ts";
import { REFERENCE_STYLE, referencePageOf } from "./reference-page.ts";

const VERSION = "v1";

/** Nothing is loaded but the page's own style sheet, nothing runs, and no other page may show it. */
const PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const document = z.looseObject({}).meta({ id: "Document" });

/** The lines that serve what `lines` can do: as OpenAPI, as Google's discovery document, and as a page for people. Each is written when it is first asked for. */
export function documentLines(lines: readonly RouteLine[]): readonly RouteLine[] {
  const openApi = once(() => constant(openApiOf(lines)));
  const discovery = once(() => discoveryOf(lines));
  const page = once(() => referencePageOf(openApi()));
  /** The discovery document as it was asked for last: it says where it was asked. */
  let placed: { readonly origin: string; readonly document: Discovery } | undefined;
  const getOpenApi: Endpoint = {
    summary: "This API as OpenAPI 3.1",
    answers: document,
    handle: () => Promise.resolve(jsonAnswer(openApi())),
  };
  const getDiscovery: Endpoint = {
    summary: "This API as a Google API discovery document",
    answers: document,
    query: { version: { type: "string", enum: [VERSION], description: "Version of the API" } },
    async handle({ query, origin }) {
      requireVersion(query.get("version"));
      if (placed?.origin !== origin) placed = { origin, document: constant(discoveryAt(`${origin}/`, discovery())) };
      return jsonAnswer(placed.document);
    },
  };
  return [
    ["GET", "/openapi.json", "openapi", getOpenApi],
    ["GET", "/$discovery/rest", "discovery", getDiscovery],
    ["GET", "/reference", "reference", textEndpoint(page, "text/html; charset=utf-8")],
    ["GET", "/reference.css", "referenceStyle", textEndpoint(() => REFERENCE_STYLE, "text/css; charset=utf-8")],
  ];
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function textEndpoint(text: () => string, contentType: string): Endpoint {
  const headers = { "content-type": contentType, "content-security-policy": PAGE_POLICY, "referrer-policy": "no-referrer" };
  return { summary: "This API as a page", answers: document, handle: () => Promise.resolve(new Response(text(), { headers })) };
}

function requireVersion(version: string | null): void {
  if (version === null || version === VERSION) return;
  refuseFaults([{ field: "version", description: `Expected ${VERSION}, received ${shownValue(version)}` }], "QUERY_INVALID");
}
