import type { Environment } from "@wherefrom/model";
import type { Api, ApiAnswer } from "../../api/client.ts";
import { printFound } from "../../api/print.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { printable } from "../../output.ts";
import { printTable } from "../../table.ts";

/** Environments that are asked for at the same time. */
const PARALLEL = 8;

export async function listEnvironments(options: ApiOptions): Promise<void> {
  const { api } = openTarget(options);
  const names = (await api.get("/environments")).body as readonly string[];
  const environments: ApiAnswer[] = [];
  for (let at = 0; at < names.length; at += PARALLEL) {
    environments.push(...(await Promise.all(names.slice(at, at + PARALLEL).map((name) => readEnvironment(api, name)))));
  }
  const rows = environments.map(({ body, etag }) => ({ environment: body as Environment, revision: revisionOf(etag) }));
  await printFound(options.json, {
    json: { organization: api.organization, environments: rows.map(({ environment, revision }) => ({ ...environment, revision })) },
    text: () =>
      printTable([
        ["name", "revision", "algorithm", "changed", "description"],
        ...rows.map(({ environment, revision }) => [
          environment.name,
          String(revision ?? "-"),
          algorithmOf(environment),
          dayAndTime(environment.lastModifiedAt),
          environment.description ?? environment.displayName ?? "",
        ]),
      ]),
  });
}

export async function getEnvironment(argument: string | undefined, options: ApiOptions): Promise<void> {
  const target = openTarget(options);
  const { body, etag } = await readEnvironment(target.api, environmentOf(argument, target.environment));
  await printFound(options.json, { json: { environment: body, etag }, text: () => printEnvironment(body, etag) });
}

function readEnvironment(api: Api, name: string): Promise<ApiAnswer> {
  return api.get(`/environments/${encodeURIComponent(name)}`);
}

/** An environment for people: a line a field, the policy as it is. */
export function printEnvironment(environment: Environment, etag: string | undefined): string {
  const { clientIpResolutionConfig, createdAt, lastModifiedAt, ...fields } = environment;
  const rows = [
    ...Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
    ["created", dayAndTime(createdAt)],
    ["changed", dayAndTime(lastModifiedAt)],
    ["etag", etag ?? "-"],
    ["policy", clientIpResolutionConfig === undefined ? "none: Apigee's default rule" : algorithmOf(environment)],
  ];
  const policy = clientIpResolutionConfig && JSON.stringify(clientIpResolutionConfig, undefined, 2).split("\n").map(printable);
  return [printTable(rows), ...(policy ?? [])].join("\n");
}

function algorithmOf({ clientIpResolutionConfig = {} }: Environment): string {
  return Object.keys(clientIpResolutionConfig).find((name) => name.endsWith("Algorithm")) ?? "default";
}

function revisionOf(etag: string | undefined): number | undefined {
  const digits = /^"r([0-9]+)"$/.exec(etag ?? "")?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function dayAndTime(milliseconds: string): string {
  const time = new Date(Number(milliseconds));
  return Number.isNaN(time.getTime()) ? milliseconds : `${time.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
