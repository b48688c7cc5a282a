import { z } from "zod";
import { peersSchema } from "../peer-gate.ts";
import { keyIdPattern } from "./hop-text.ts";

const keyId = z.string().regex(keyIdPattern, "Expected a name of 1 to 32 letters, digits, dots, underscores or hyphens");

const keySchema = z
  .strictObject({
    id: keyId,
    /** A file that holds the secret, or an environment variable that does. Not the secret itself: this file is read by more people. */
    secretFile: z.string().min(1, "Expected the path of a file").exactOptional(),
    secretVariable: z.string().min(1, "Expected the name of an environment variable").exactOptional(),
  })
  .refine(
    ({ secretFile, secretVariable }) => (secretFile === undefined) !== (secretVariable === undefined),
    "Expected exactly one of secretFile and secretVariable",
  );

/** Signed hops, as a gateway file holds them in its section `signedHop`. */
export const signedHopSchema = z
  .strictObject({
    keys: z.array(keySchema).min(1, "Expected at least one key").refine(hasEachIdOnce, "Expected each id once"),
    /** For whom this gateway signs: the targets that are gateways, and nobody else. */
    sign: z
      .strictObject({
        key: keyId,
        targets: z
          .array(z.string().refine(isOrigin, "Expected http://host:port or https://host:port"))
          .min(1, "Expected at least one target"),
      })
      .exactOptional(),
    /** Whose hops this gateway believes: those of these keys, and with `from` only by these peers. */
    accept: z.strictObject({ keys: z.array(keyId).min(1, "Expected at least one key"), from: peersSchema.exactOptional() }).exactOptional(),
  })
  .superRefine(({ keys, sign, accept }, context) => {
    const known = new Set(keys.map(({ id }) => id));
    const message = "Expected the id of one of the keys";
    if (sign !== undefined && !known.has(sign.key)) context.addIssue({ code: "custom", path: ["sign", "key"], message });
    accept?.keys.forEach((id, index) => {
      if (!known.has(id)) context.addIssue({ code: "custom", path: ["accept", "keys", index], message });
    });
    if (sign === undefined && accept === undefined) context.addIssue({ code: "custom", message: "Expected sign, accept or both" });
  });

/** How a gateway tells the next who the client is, and whom it believes that. */
export type SignedHopOptions = z.input<typeof signedHopSchema>;

function hasEachIdOnce(keys: readonly { readonly id: string }[]): boolean {
  return new Set(keys.map(({ id }) => id)).size === keys.length;
}

/** As routes name their targets: a text is compared with the origin that they are taken apart to. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && `${new URL(text).origin}/` === new URL(text).href;
}
