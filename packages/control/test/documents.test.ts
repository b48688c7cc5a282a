import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { camelNamed, environmentSchema, policySchema, type WireFields, wireFieldsOf } from "@wherefrom/model";
import { describe, expect, test } from "vitest";
import { type PolicyError, parsePolicy } from "wherefrom";
import { type DiscoveryMethod, type DiscoveryResource, type DiscoverySchema, discoveryOf } from "../src/document/discovery.ts";
import { openApiOf } from "../src/document/openapi.ts";
import { API_LINES } from "../src/route-table.ts";
import { type Json, openTestControl, verdictOf } from "./control-under-test.ts";

const discovery = discoveryOf(API_LINES);

function rowsOf(file: string): readonly Json[] {
  return JSON.parse(readFileSync(new URL(`../../../cases/${file}`, import.meta.url), "utf8"));
}

function methodsOf({ methods = {}, resources = {} }: DiscoveryResource, above = ""): [string, DiscoveryMethod][] {
  const inside = Object.entries(resources).flatMap(([name, resource]) => methodsOf(resource, `${above}${name}.`));
  return [...Object.entries(methods).map(([name, method]): [string, DiscoveryMethod] => [`${above}${name}`, method]), ...inside];
}

const methods = new Map(methodsOf(discovery));

describe("the discovery document", () => {
  test("has every method of the route table once", () => {
    expect([...methods.keys()].sort()).toEqual(API_LINES.map(([, , id]) => id).sort());
  });

  test.each(rowsOf("api/apigee-methods.json"))("$name is Apigee's method", ({ name, ...apigee }) => {
    const method = methods.get(name);
    const shown = (parameter: Json) => parameter.pattern ?? [parameter.type, parameter.format].filter(Boolean).join(" ");
    expect({
      method: method?.httpMethod,
      path: method?.path,
      flatPath: method?.flatPath,
      parameters: Object.fromEntries(Object.entries(method?.parameters ?? {}).map(([key, parameter]) => [key, shown(parameter)])),
      ...(method?.request && { request: method.request.$ref }),
      response: method?.response.$ref,
    }).toEqual(apigee);
  });

  test.each(rowsOf("api/apigee-schemas.json"))("$name has Apigee's fields", ({ name, fields }) => {
    const ours = discovery.schemas[name]?.properties ?? {};
    expect(Object.fromEntries(Object.entries(ours).map(([key, field]) => [key, typeOf(field)]))).toMatchObject(fields);
  });

  test("has every schema that it refers to", () => {
    const references = [...JSON.stringify(discovery).matchAll(/"\$ref":"([^"]+)"/g)].map(([, name = ""]) => name);
    expect(references.filter((name) => discovery.schemas[name] === undefined)).toEqual([]);
    expect(references.length).toBeGreaterThan(50);
  });

  test("is served with the address at which it was asked for", async () => {
    const { ask, control } = await openTestControl();
    expect((await ask("GET //$discovery/rest?version=v1")).body).toEqual({
      ...discovery,
      rootUrl: `${control.url}/`,
      baseUrl: `${control.url}/`,
    });
    expect(verdictOf(await ask("GET //$discovery/rest?version=v2"))).toBe("400 INVALID_ARGUMENT QUERY_INVALID");
  });
});

function typeOf({ $ref, type, format, items, readOnly, enum: values }: DiscoverySchema): string {
  const base = $ref ?? (type === "array" ? `list of ${items?.$ref ?? items?.type}` : [type, format].filter(Boolean).join(" "));
  return `${base}${readOnly ? ", read-only" : ""}${values ? `: ${values.join(" ")}` : ""}`;
}

describe("the OpenAPI document", () => {
  test("is valid OpenAPI 3.1", async () => {
    const { ask } = await openTestControl();
    const { body } = await ask("GET //openapi.json");
    expect(await new Validator().validate(body)).toEqual({ valid: true });
    expect(body).toEqual(openApiOf(API_LINES));
  });

  test("describes every method, and refers to nothing that it lacks", () => {
    const { paths, components } = openApiOf(API_LINES);
    const operations = Object.values(paths).flatMap((path) => Object.values(path));
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(API_LINES.map(([, , id]) => id).sort());
    const references = [...JSON.stringify(paths).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)];
    const missing = references.filter(([, kind = "", name = ""]) => (components as Json)[kind][name] === undefined);
    expect(missing).toEqual([]);
  });
});

describe("the schema of a policy", () => {
  const schema = policySchema("Environment");
  const fields = wireFieldsOf(schema, "settable");

  test.each(rowsOf("policy/valid.json"))("takes what parsePolicy takes: $name", ({ policy }) => {
    expect(schema.safeParse(camelNamed(policy, fields)).error?.issues).toBeUndefined();
  });

  test("has the fields that parsePolicy knows, at every place", () => {
    // parsePolicy tells the fields that it knows where it meets one that it does not
    const known = faultsOf(withUnknownField(fields)).flatMap(({ code, pointer, expected }): [string, string][] =>
      code === "POLICY_FIELD_UNKNOWN" ? [[pointer, expected.replace("no field but ", "")]] : [],
    );
    expect(Object.fromEntries(known)).toEqual(Object.fromEntries(namesAt(fields, "")));
    expect(known).toHaveLength(11);
  });
});

function withUnknownField(fields: WireFields): Json {
  const inside = Object.entries(fields).flatMap(([name, field]): [string, Json][] => {
    if (field.kind === "leaf") return [];
    const inner = withUnknownField(field.fields);
    return [[name, field.kind === "list" ? [inner] : inner]];
  });
  return { ...Object.fromEntries(inside), unknown: 1 };
}

function namesAt(fields: WireFields, pointer: string): [string, string][] {
  const inside = Object.entries(fields).flatMap(([name, field]) =>
    field.kind === "leaf" ? [] : namesAt(field.fields, `${pointer}/${name}${field.kind === "list" ? "/0" : ""}`),
  );
  return [[`${pointer}/unknown`, Object.keys(fields).join(", ")], ...inside];
}

function faultsOf(policy: unknown): PolicyError["issues"] {
  try {
    parsePolicy(policy);
    return [];
  } catch (error) {
    return (error as PolicyError).issues;
  }
}

test("what the API answers fits the schema that it documents", async () => {
  const { ask } = await openTestControl();
  await ask("POST ", { body: { name: "demo", nodeConfig: { minNodeCount: 1 }, clientIpResolutionConfig: { peerAddressAlgorithm: {} } } });
  const { body } = await ask("GET /demo");
  expect(environmentSchema.parse(body)).toEqual(body);
});

test("OpenAPI says whom each method is for, with roles and not with words", async () => {
  const { ask } = await openTestControl();
  const { paths, components } = (await ask("GET //openapi.json")).body;
  expect(Object.keys(components.securitySchemes)).toEqual(["bearer"]);
  const securityOf = (path: string, method: string): unknown => paths[`/v1/organizations${path}`][method].security;
  expect(securityOf("", "get")).toEqual([{ bearer: [] }]);
  expect(securityOf("/{org}/tokens", "post")).toEqual([{ bearer: ["admin"] }]);
  expect(securityOf("/{org}/environments/{env}:rollback", "post")).toEqual([{ bearer: ["operator"] }]);
  expect(securityOf("/{org}/environments/{env}/snapshot", "get")).toEqual([{ bearer: ["viewer"] }, { bearer: ["gateway"] }]);
  const all = Object.values<Json>(paths).flatMap((methods) => Object.values<Json>(methods));
  expect(all).toHaveLength(API_LINES.length);
  // nobody's data is for everybody
  expect(all.filter(({ security }) => security.length === 0)).toEqual([]);
});

describe("the reference page", () => {
  test("needs no script and nothing from elsewhere, and lists every method", async () => {
    const { control } = await openTestControl();
    const page = await fetch(`${control.url}/reference`);
    const text = await page.text();
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toBe(
      "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(text).not.toMatch(/<script|\ssrc=|\sstyle=|\son[a-z]+=|href="(?!\/|#)/);
    for (const [method, path, id] of API_LINES) expect(text).toContain(`<article id="${id}"><h3><code>${method} ${path}</code></h3>`);
    const style = await fetch(`${control.url}/reference.css`);
    expect(style.headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect(await style.text()).not.toMatch(/url\(|@import/);
  });

  test("has a target for every link, and no two elements of one id", async () => {
    const { control } = await openTestControl();
    const text = await (await fetch(`${control.url}/reference`)).text();
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id = ""]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...text.matchAll(/ href="#([^"]+)"/g)].map(([, id = ""]) => id);
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
  });
});
