import { printFound } from "../../api/print.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { CliError } from "../../errors.ts";
import { printable } from "../../output.ts";
import { readPolicyJson } from "../../policy-text.ts";
import { printEnvironment } from "./read.ts";

type NamedOptions = ApiOptions & { readonly policy?: string; readonly displayName?: string; readonly description?: string };

export async function createEnvironment(name: string, options: NamedOptions): Promise<void> {
  const { api } = openTarget(options);
  await api.send("POST", "/environments", { body: { name, ...namedFields(options) } });
  // the answer to that is an operation
  const { body, etag } = await api.get(`/environments/${encodeURIComponent(name)}`);
  await printFound(options.json, { json: { environment: body, etag }, text: () => printEnvironment(body, etag) });
}

export async function deleteEnvironment(name: string, options: ApiOptions & { readonly ifMatch?: string }): Promise<void> {
  const { api } = openTarget(options);
  await api.send("DELETE", `/environments/${encodeURIComponent(name)}`, { ifMatch: options.ifMatch });
  await printFound(options.json, { json: { deleted: name }, text: () => printable(`Deleted ${name}`) });
}

function namedFields({ policy, displayName, description }: NamedOptions): object {
  return {
    ...(policy !== undefined && { clientIpResolutionConfig: readPolicyJson(policy) }),
    ...(displayName !== undefined && { displayName }),
    ...(description !== undefined && { description }),
  };
}

type SetOptions = NamedOptions & {
  readonly rollout?: string;
  readonly eventSettings?: string;
  readonly abuseSettings?: string;
  readonly share?: number;
  readonly ifMatch?: string;
};

export async function setEnvironment(argument: string | undefined, options: SetOptions): Promise<void> {
  const { rollout, eventSettings, abuseSettings, share, ifMatch } = options;
  const fields = {
    ...namedFields(options),
    ...(rollout !== undefined && { rollout: readJson("--rollout", rollout) }),
    ...(eventSettings !== undefined && { events: readJson("--event-settings", eventSettings) }),
    ...(abuseSettings !== undefined && { abuseDetection: readJson("--abuse-settings", abuseSettings) }),
  };
  if (Object.keys(fields).length === 0) {
    throw new CliError(
      "USAGE_OPTION_MISSING",
      "Give what is to change: --policy, --display-name, --description, --rollout, --event-settings or --abuse-settings",
    );
  }
  await change(argument, options, { fields, ifMatch, share });
}

/** Options that take JSON, by their flags: the variable of each, and an example. */
const JSON_OPTIONS = {
  "--rollout": ["WHEREFROM_ROLLOUT", '{"share":10}'],
  "--abuse-settings": ["WHEREFROM_ABUSE_SETTINGS", '{"exclusions":["198.51.100.0/24"]}'],
  "--event-settings": ["WHEREFROM_EVENT_SETTINGS", '{"addresses":"TRUNCATED","retentionDays":7}'],
} as const;

function readJson(flag: keyof typeof JSON_OPTIONS, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const [variable, example] = JSON_OPTIONS[flag];
    throw new CliError("USAGE_OPTION_INVALID", `${flag} (${variable}): expected JSON, such as ${example}`);
  }
}

type ApplyOptions = ApiOptions & { readonly policy: string; readonly preview: string };

export function applyPolicy(argument: string | undefined, options: ApplyOptions): Promise<void> {
  const fields = { clientIpResolutionConfig: readPolicyJson(options.policy) };
  return change(argument, options, { fields, ifMatch: options.preview });
}

/** By PUT, which keeps what the body leaves out and answers with the environment. */
async function change(
  argument: string | undefined,
  options: ApiOptions,
  { fields, ifMatch, share }: { readonly fields: object; readonly ifMatch: string | undefined; readonly share?: number | undefined },
): Promise<void> {
  const { api, environment } = openTarget(options);
  const path = `/environments/${encodeURIComponent(environmentOf(argument, environment))}`;
  const { body, etag } = await api.send("PUT", path, { body: fields, ifMatch, share });
  await printFound(options.json, { json: { environment: body, etag }, text: () => printEnvironment(body, etag) });
}

type DeleteEventsOptions = ApiOptions & { readonly address: string };

export async function deleteEvents(argument: string | undefined, options: DeleteEventsOptions): Promise<void> {
  const { api, environment } = openTarget(options);
  const path = `/environments/${encodeURIComponent(environmentOf(argument, environment))}:deleteEvents`;
  const { body } = await api.send("POST", path, { body: { address: options.address } });
  await printFound(options.json, { json: body, text: () => `Events deleted: ${body.deletedEvents}, incidents: ${body.deletedIncidents}` });
}
