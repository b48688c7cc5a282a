import type { Explanation } from "wherefrom";
import { printFound } from "../../api/print.ts";
import { type ApiOptions, environmentOf, openTarget } from "../../api/target.ts";
import { parseHeader } from "../../header-line.ts";
import { readPolicyJson } from "../../policy-text.ts";
import { printExplanation } from "../../print-resolution.ts";
import { explanationJson } from "../../resolution-json.ts";

type ExplainOptions = ApiOptions & { readonly peer?: string; readonly header?: readonly string[]; readonly policy?: string };

export async function explainEnvironment(argument: string | undefined, options: ExplainOptions): Promise<void> {
  const { peer, header = [], policy, json } = options;
  const { api, environment } = openTarget(options);
  const name = environmentOf(argument, environment);
  const request = {
    peer: peer ?? null,
    headers: header.map(parseHeader),
    ...(policy !== undefined && { policy: readPolicyJson(policy) }),
  };
  const { body } = await api.send("POST", `/environments/${encodeURIComponent(name)}:explain`, { body: request });
  const explanation = body.explanation as Explanation;
  const { revisionId, policy: tried } = body;
  await printFound(json, {
    json: { environment: name, revisionId, policy: tried, ...explanationJson(explanation) },
    text: () =>
      `${printExplanation(explanation)}\n\n${tried === "tried" ? "By the policy given" : "By the policy"} of ${name}, revision ${revisionId}`,
  });
}
