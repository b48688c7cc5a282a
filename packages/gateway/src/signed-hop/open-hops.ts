import { GatewayError } from "../errors.ts";
import { shapeIssues } from "../json-issue.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Notice } from "../notice.ts";
import { createPeerGate } from "../peer-gate.ts";
import { readHopKeys } from "./hop-keys.ts";
import { type SignedHopOptions, signedHopSchema } from "./hop-options.ts";
import { HopReader } from "./hop-reader.ts";
import { HopSigner } from "./hop-signer.ts";
import { type HopMemory, UsedHops } from "./used-hops.ts";

/** The two sides of signed hops in one gateway. Either may be missing: then it signs for nobody, or believes nobody. */
export type SignedHops = { readonly signer: HopSigner | undefined; readonly reader: HopReader | undefined };

type HopsContext = {
  readonly limits: GatewayLimits;
  readonly onNotice: (notice: Notice) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly env: NodeJS.ProcessEnv;
  /** Who remembers used hops in place of this process. */
  readonly memory?: HopMemory | undefined;
};

/** Sets up signed hops as they were asked for. Errors: `GATEWAY_SIGNED_HOP_INVALID` with every fault; `GATEWAY_SECRET_UNUSABLE`. */
export async function openSignedHops(
  options: SignedHopOptions | undefined,
  { limits, onNotice, now, env, memory }: HopsContext,
): Promise<SignedHops> {
  if (options === undefined) return { signer: undefined, reader: undefined };
  const shape = signedHopSchema.safeParse(options);
  if (!shape.success) {
    const issues = shapeIssues(options, { found: shape.error.issues, code: "GATEWAY_SIGNED_HOP_INVALID" });
    throw new GatewayError("GATEWAY_SIGNED_HOP_INVALID", "Signed hops are not valid", issues);
  }
  const { keys, sign, accept } = shape.data;
  const secrets = await readHopKeys(keys, env);
  const key = sign && secrets.get(sign.key);
  return {
    signer: sign && key && new HopSigner({ keyId: sign.key, key, targets: new Set(sign.targets.map(originOf)), now }),
    reader:
      accept &&
      new HopReader({
        keys: new Map([...secrets].filter(([id]) => accept.keys.includes(id))),
        isSigner: accept.from === undefined ? () => true : createPeerGate(accept.from),
        windowMs: limits.signedHopWindowMs,
        memory: memory ?? openHopMemory(limits),
        onNotice,
        now,
      }),
  };
}

/** A memory of this process. */
export function openHopMemory(limits: GatewayLimits): HopMemory {
  return new UsedHops({ windowMs: limits.signedHopWindowMs, maxHops: limits.maxSignedHops });
}

function originOf(text: string): string {
  return new URL(text).origin;
}
