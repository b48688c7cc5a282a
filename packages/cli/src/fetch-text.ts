import { CliError, codeOf } from "./errors.ts";

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export type FetchLimits = {
  /** For the whole of it, redirects and body included. */
  readonly timeoutMs: number;
  /** Of the body, after its content coding is undone. */
  readonly maxBytes: number;
};

/**
 * Reads the text behind an http or https URL. A redirect may not lead to another scheme: https would become text that anybody on the way
 * writes.
 *
 * Errors: `CliError` RANGES_SOURCE_UNREADABLE, RANGES_SOURCE_TOO_LARGE, RANGES_SOURCE_REDIRECTED.
 */
export async function fetchText(url: URL, limits: FetchLimits): Promise<string> {
  const signal = AbortSignal.timeout(limits.timeoutMs);
  try {
    const response = await follow(url, signal);
    if (response.status === 200) return await readBody(response, { url, maxBytes: limits.maxBytes });
    await response.body?.cancel();
    throw new CliError("RANGES_SOURCE_UNREADABLE", `${shown(url)}: expected status 200, given ${response.status}`);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const why = signal.aborted ? `no whole answer within ${limits.timeoutMs} ms` : reasonOf(error);
    throw new CliError("RANGES_SOURCE_UNREADABLE", `${shown(url)} cannot be read: ${why}`, { cause: error });
  }
}

async function follow(start: URL, signal: AbortSignal): Promise<Response> {
  let url = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(url, { redirect: "manual", signal });
    const location = response.headers.get("location");
    if (!REDIRECTS.has(response.status) || location === null) return response;
    await response.body?.cancel();
    url = nextUrl(location, url);
  }
  throw new CliError("RANGES_SOURCE_REDIRECTED", `${shown(start)}: expected at most ${MAX_REDIRECTS} redirects, given more`);
}

function nextUrl(location: string, from: URL): URL {
  const next = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (next?.protocol === from.protocol && next.username === "" && next.password === "") return next;
  const given = next === undefined ? "no URL" : `${next.protocol}//`;
  throw new CliError("RANGES_SOURCE_REDIRECTED", `${shown(from)}: expected a redirect within ${from.protocol}//, given ${given}`);
}

async function readBody(response: Response, { url, maxBytes }: { url: URL; maxBytes: number }): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new CliError("RANGES_SOURCE_TOO_LARGE", `${shown(url)}: expected at most ${maxBytes} bytes, given more`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Without a query, which may hold a secret. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** What `fetch` throws says only that it failed; why it did stands in its cause. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return codeOf(cause) ?? (cause instanceof Error ? cause.message : String(error));
}
