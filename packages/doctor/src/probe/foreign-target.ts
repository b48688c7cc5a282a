import { isEchoPath } from "../echo/echo.ts";

/**
 * Ports that no probe goes to on somebody else's word: something else than HTTP listens there, and may take a request for words of its own.
 *
 * Source: WHATWG Fetch, "Port blocking".
 */
const BLOCKED_PORTS: ReadonlySet<number> = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117,
  119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636,
  989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
]);

/** The URL of an echo that somebody else names, or what was expected of it. */
export type ForeignTarget = { readonly kind: "target"; readonly url: URL } | { readonly kind: "refused"; readonly expected: string };

/** Reads the URL of an echo. It says nothing of where the URL leads: that is the reach's to judge, once the name is looked up. */
export function readForeignTarget(text: string): ForeignTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return refused("an http:// or https:// URL");
  if (url.username !== "" || url.password !== "") return refused("a URL without a user");
  if (url.search !== "" || url.hash !== "" || !isEchoPath(url.pathname))
    return refused("the URL of an echo, as wherefrom doctor serve prints it");
  const port = url.port === "" ? undefined : Number(url.port);
  if (port !== undefined && BLOCKED_PORTS.has(port)) return refused("a port that HTTP is served on");
  return { kind: "target", url };
}

function refused(expected: string): ForeignTarget {
  return { kind: "refused", expected };
}
