import { isIPv4 } from "node:net";
import { escapeText } from "wherefrom";
import { GatewayError } from "../errors.ts";

/**
 * Reads where control is: one URL, or those of several nodes with commas between them. At least one.
 *
 * Errors: `GATEWAY_CONTROL_URL_INVALID`.
 */
export function parseControlUrls(text: string): readonly [URL, ...URL[]] {
  const [first, ...others] = text.split(",");
  return [parseUrl(first ?? ""), ...others.map(parseUrl)];
}

/** Whether a URL is of this machine, by its text alone: no name but `localhost` is. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new GatewayError(
    "GATEWAY_CONTROL_URL_INVALID",
    `Control URL: expected http://host:port or https://host:port, received ${escapeText(text)}`,
  );
}
