import { z } from "zod";

/** What is said of a policy that is valid. */
export const advisorySchema: z.ZodType = z
  .object({
    code: z.string(),
    severity: z.enum(["error", "warning", "note"]),
    pointer: z.string().describe("JSON pointer into the policy, in the spelling that was given"),
    summary: z.string(),
    why: z.string(),
    fix: z.string(),
  })
  .meta({ id: "Advisory" });
