/** How the gateways of this project name themselves in CDN-Loop; all by the same name, as a loop may lead through several. */
const OWN = "wherefrom";

/** The field that a gateway adds to what it sends on. Others' lines of the same name stay before it. */
export const loopField: readonly [name: string, value: string] = ["CDN-Loop", OWN];

/**
 * How many elements of a CDN-Loop value are a gateway's own: how often the request has been through one.
 *
 * Source: RFC 8586 §2. Not Via, which servers take for a reason to change the answer: nginx does not compress behind it.
 */
export function passesIn(value: string): number {
  let passes = 0;
  for (const element of value.split(",")) {
    const [id = ""] = element.split(";");
    if (id.trim().toLowerCase() === OWN) passes += 1;
  }
  return passes;
}
