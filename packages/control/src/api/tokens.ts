import {
  camelNamed,
  createdTokenSchema,
  EVERY_ORGANIZATION,
  type FieldViolation,
  TOKEN_FIELDS,
  type Token,
  tokenSchema,
} from "@wherefrom/model";
import { z } from "zod";
import { newSecret } from "../access/secret.ts";
import type { NewToken, TokenRecord } from "../config-store/access-port.ts";
import { ApiError, refuseFaults } from "../http/api-error.ts";
import type { FieldReason } from "../http/api-reason.ts";
import { EMPTY } from "../http/empty.ts";
import { type Call, type Endpoint, jsonAnswer } from "../http/endpoint.ts";
import { shownValue, violationsOf } from "../http/violations.ts";

/** Tokens of an organization; those of `-` are for all organizations. */
export const listTokens: Endpoint = {
  summary: "Tokens that are valid or expired, without what lets their holders in",
  answers: z.object({ tokens: z.array(tokenSchema) }).meta({ id: "ListTokensResponse" }),
  isForEveryOrganization: true,
  async handle({ parts, organization }) {
    return jsonAnswer({ tokens: (await parts.store.access.tokens(organization)).map(tokenJson) });
  },
};

export const createToken: Endpoint = {
  summary: "Makes a token, and answers it this once",
  takes: tokenSchema,
  answers: createdTokenSchema,
  isForEveryOrganization: true,
  async handle(call) {
    const { parts, organization } = call;
    const asked = await readToken(call);
    const { id, text, hash } = newSecret(asked.grants.some(({ role }) => role === "gateway") ? "wfg" : "wft");
    const tokens = await parts.store.access.changeTokens(organization, {
      by: call.stamp(),
      decide: (standing) => {
        requireRoom(standing.tokens, { name: asked.name, maxTokens: parts.limits.maxTokens });
        return { add: { ...asked, id, hash } };
      },
    });
    return jsonAnswer({ ...tokens.filter((token) => token.id === id).map(tokenJson)[0], token: text });
  },
};

/** It ends with this answer, everywhere. */
export const revokeToken: Endpoint = {
  summary: "Revokes a token",
  answers: EMPTY,
  isForEveryOrganization: true,
  async handle(call) {
    const id = call.param("token");
    await call.parts.store.access.changeTokens(call.organization, {
      by: call.stamp(),
      decide: ({ tokens }) => {
        if (tokens.some((token) => token.id === id)) return { remove: [id] };
        throw new ApiError("TOKEN_NOT_FOUND", `Token: Expected the id of one that exists, received ${shownValue(id)}`);
      },
    });
    return jsonAnswer({});
  },
};

async function readToken(call: Call): Promise<Omit<NewToken, "id" | "hash">> {
  const given = camelNamed(await call.body(), TOKEN_FIELDS);
  const parsed = tokenSchema.safeParse(given);
  if (!parsed.success) refuseFaults(violationsOf(parsed.error, given));
  const { name, grants, expiresAt } = tokenSchema.parse(given);
  const violations: FieldViolation[] = [];
  if (expiresAt !== undefined && Number(expiresAt) <= call.parts.now())
    violations.push(faultOf("expiresAt", `Expected a time that is yet to come, received ${shownValue(expiresAt)}`));
  if (call.organization === EVERY_ORGANIZATION && grants.some(({ environments }) => environments !== undefined))
    violations.push(faultOf("grants", "Expected no environments in a token for all organizations"));
  refuseFaults(violations);
  return { name, grants, expiresAt: expiresAt === undefined ? undefined : Number(expiresAt) };
}

function faultOf(field: string, description: string): FieldViolation {
  return { field, description, reason: "FIELD_INVALID" satisfies FieldReason };
}

function requireRoom(tokens: readonly TokenRecord[], { name, maxTokens }: { readonly name: string; readonly maxTokens: number }): void {
  if (tokens.some((token) => token.name === name))
    throw new ApiError("TOKEN_EXISTS", `Token: Expected a new name, received ${name}, which exists. Revoke that one, or choose another`);
  if (tokens.length >= maxTokens) throw new ApiError("TOO_MANY_TOKENS", `Tokens: Expected at most ${maxTokens}, received one more`);
}

function tokenJson({ id, name, grants, createdAt, expiresAt, lastUsedAt }: TokenRecord): Token {
  return {
    tokenId: id,
    name,
    grants,
    createdAt: String(createdAt),
    ...(expiresAt !== undefined && { expiresAt: String(expiresAt) }),
    ...(lastUsedAt !== undefined && { lastUsedAt: String(lastUsedAt) }),
  };
}
