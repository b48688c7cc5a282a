import { request } from "node:http";
import { escapeText } from "wherefrom";
import { printable } from "./output.ts";

/** The header of the line to try: two hops, of which the policy picks one. */
const DEMO_HEADER = "X-Forwarded-For: 203.0.113.7, 198.51.100.9";

const TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 1024 * 1024;

/** The line a person can copy to a terminal. */
export function curlLine(gatewayUrl: string): string {
  return `curl -s -H '${DEMO_HEADER}' ${gatewayUrl}/`;
}

/** Makes the request of `curlLine` and says what came of it, in lines for a person. It does not throw: a failed try is an answer. */
export async function tryDemo(gatewayUrl: string): Promise<readonly string[]> {
  try {
    return describeAnswer(await get(gatewayUrl));
  } catch (error) {
    return [`The request failed: ${escapeText(error instanceof Error ? error.message : String(error))}`];
  }
}

type Answer = { readonly status: number; readonly body: string };

type DemoBody = {
  readonly ip?: string | null;
  readonly outcome?: string;
  readonly trust?: string;
  readonly algorithm?: string;
  readonly explanation?: { readonly sentences?: readonly string[] | null } | null;
};

function describeAnswer({ status, body }: Answer): readonly string[] {
  if (status !== 200) return [`No answer from the demo upstream: the gateway said ${status} ${escapeText(body.trim(), 300)}`];
  const said = JSON.parse(body) as DemoBody;
  const facts = [said.outcome, said.trust, said.algorithm].map(String).join(", ");
  const sentences = said.explanation?.sentences ?? [];
  return [`Resolved: ${said.ip ?? "no address"} (${facts})`, ...sentences.map((sentence) => `  ${sentence}`)].map(printable);
}

function get(gatewayUrl: string): Promise<Answer> {
  const [name = "", value = ""] = DEMO_HEADER.split(": ");
  return new Promise((resolve, reject) => {
    const sent = request(gatewayUrl, { headers: { [name]: value }, agent: false, timeout: TIMEOUT_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (text: string) => {
        body += text;
        if (body.length > MAX_BODY_BYTES) response.destroy(new Error("The answer is too long"));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    sent.on("error", reject);
    sent.end();
  });
}
