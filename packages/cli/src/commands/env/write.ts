import { printFound } from "../../api/print.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { CliError } from "../../errors.ts";
import { readPolicyJson } from "../../policy-text.ts";
import { printEnvironment } from "./read.ts";

type SetOptions = ApiOptions & {
  readonly policy?: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly rollout?: string;
  readonly share?: number;
  readonly ifMatch?: string;
};

export async function setEnvironment(argument: string | undefined, options: SetOptions): Promise<void> {
  const { policy, displayName, description, rollout, share, ifMatch } = options;
  const fields = {
    ...(policy !== undefined && { clientIpResolutionConfig: readPolicyJson(policy) }),
    ...(displayName !== undefined && { displayName }),
    ...(description !== undefined && { description }),
    ...(rollout !== undefined && { rollout: readRollout(rollout) }),
  };
  if (Object.keys(fields).length === 0) {
    throw new CliError("USAGE_OPTION_MISSING", "Give what is to change: --policy, --display-name, --description or --rollout");
  }
  await change(argument, options, { fields, ifMatch, share });
}

function readRollout(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError("USAGE_OPTION_INVALID", '--rollout (WHEREFROM_ROLLOUT): expected JSON, such as {"share":10}');
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
