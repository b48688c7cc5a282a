import { html } from "hono/html";
import type { JsonSchema } from "./json-schema.ts";
import type { OpenApi, OpenApiOperation, OpenApiParameter } from "./openapi.ts";

/** A piece of markup in which everything that is no markup has been escaped. */
type Markup = ReturnType<typeof html>;

const STYLE_PATH = "/reference.css";

/**
 * The API for people, as one page without scripts: it works under the strictest content security policy, on a machine without a network,
 * and with the browser's own search.
 */
export function referencePageOf(document: OpenApi): string {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? ""))].sort();
  return String(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${info.title}</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<header><h1>${info.title}</h1><p>${info.description}</p>
<p>For programs: <a href="/openapi.json">OpenAPI 3.1</a>, <a href="/$discovery/rest?version=v1">Google API discovery</a>.</p></header>
<nav aria-label="Methods"><ul>${tags.map((tag) => html`<li><a href="#${tag}">${tag}</a></li>`)}<li><a href="#schemas">schemas</a></li></ul></nav>
<main>
${tags.map(
  (tag) => html`<section><h2 id="${tag}">${tag}</h2>
${operations.filter(({ operation }) => operation.tags[0] === tag).map(operationMarkup)}</section>`,
)}
<section><h2 id="schemas">schemas</h2>
${Object.entries(components.schemas).map(([id, schema]) => schemaMarkup(id, schema))}</section>
</main>
</body>
</html>
`);
}

type Described = { readonly path: string; readonly method: string; readonly operation: OpenApiOperation };

function operationMarkup({ path, method, operation }: Described): Markup {
  const { operationId, summary, requestBody, responses, parameters, security } = operation;
  const own = parameters.filter((parameter) => !("$ref" in parameter)) as Exclude<OpenApiParameter, { $ref: string }>[];
  return html`<article id="${operationId}"><h3><code>${method.toUpperCase()} ${path}</code></h3>
<p>${summary}. <code>${operationId}</code>. ${whoMay(security)}</p>
${
  own.length === 0
    ? ""
    : html`<table><thead><tr><th scope="col">parameter</th><th scope="col">in</th><th scope="col">type</th><th scope="col">meaning</th></tr></thead><tbody>
${own.map((parameter) => html`<tr><td><code>${parameter.name}</code></td><td>${parameter.in}</td><td>${typeMarkup(parameter.schema)}</td><td>${parameter.description ?? ""}</td></tr>`)}</tbody></table>`
}
${requestBody === undefined ? "" : takenMarkup(requestBody)}
<p>Answers ${typeMarkup(responses["200"]?.content["application/json"].schema ?? {})}</p></article>`;
}

function whoMay(security: OpenApiOperation["security"]): string {
  const roles = security.flatMap(({ bearer }) => bearer);
  if (security.length === 0) return "For everybody";
  return roles.length === 0 ? "For any role but gateway" : `For the role ${roles.join(" or ")}`;
}

function takenMarkup({ content }: NonNullable<OpenApiOperation["requestBody"]>): Markup {
  if ("application/json" in content) return html`<p>Takes ${typeMarkup(content["application/json"].schema)}</p>`;
  return html`<p>Takes lines of JSON, each ${typeMarkup(content["application/x-ndjson"].schema)}</p>`;
}

function schemaMarkup(id: string, schema: JsonSchema): Markup {
  const fields = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required);
  return html`<article id="schema-${id}"><h3>${id}</h3>
${schema.description === undefined ? "" : html`<p>${schema.description}</p>`}
${
  fields.length === 0
    ? html`<p>${typeMarkup(schema)}</p>`
    : html`<table><thead><tr><th scope="col">field</th><th scope="col">type</th><th scope="col">meaning</th></tr></thead><tbody>
${fields.map(([name, field]) => html`<tr><td><code>${name}</code></td><td>${typeMarkup(field)}</td><td>${noteOf(field, required.has(name))}</td></tr>`)}</tbody></table>`
}
</article>`;
}

function noteOf(field: JsonSchema, isRequired: boolean): string {
  const values = field.const === undefined ? field.enum : [field.const];
  const notes = [
    field.readOnly === true ? "read-only" : isRequired ? "required" : undefined,
    field.description,
    values && `one of ${values.map(String).join(", ")}`,
    field["default"] === undefined ? undefined : `default ${JSON.stringify(field["default"])}`,
  ];
  return notes.filter((note) => note !== undefined).join("; ");
}

function typeMarkup(schema: JsonSchema): Markup {
  const { $ref, items, format } = schema;
  if ($ref !== undefined) {
    const id = $ref.split("/").at(-1) ?? "";
    return html`<a href="#schema-${id}">${id}</a>`;
  }
  if (typeof items === "object") return html`list of ${typeMarkup(items)}`;
  const types = [schema.type ?? "anything"].flat().join(" or ");
  return html`${format === undefined ? types : `${types} (${format})`}`;
}

/** Light or dark as the reader's system is; contrast as WCAG 2.2 level AA asks. */
export const REFERENCE_STYLE = `:root{color-scheme:light dark;--text:#1a1a1f;--page:#fff;--line:#c9c9d2;--soft:#f3f3f7;--link:#0b4fb3}
@media(prefers-color-scheme:dark){:root{--text:#ececf1;--page:#16161b;--line:#3e3e4a;--soft:#22222a;--link:#8ab8ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:70rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;color:var(--text);background:var(--page)}
a{color:var(--link)}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;list-style:none}
article{margin:1rem 0;padding:.5rem 1rem;border:1px solid var(--line);border-radius:.5rem;overflow-x:auto}
article:target{outline:3px solid var(--link)}
h3{margin:.25rem 0;font-size:1rem;overflow-wrap:anywhere}
code{font-family:ui-monospace,monospace;font-size:.925em}
table{width:100%;border-collapse:collapse}
th,td{padding:.25rem .5rem;border-top:1px solid var(--line);text-align:left;vertical-align:top}
thead{background:var(--soft)}
`;
