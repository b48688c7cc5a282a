import { z } from "zod";

/**
 * The statuses of google.rpc.Code that this API answers with, each with its HTTP status.
 * Source: google/rpc/code.proto; AIP-193 for the envelope.
 */
export const RPC_STATUSES = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  ABORTED: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
} as const;

export type RpcStatus = keyof typeof RPC_STATUSES;

const STATUS_NAMES = Object.keys(RPC_STATUSES) as [RpcStatus, ...RpcStatus[]];

/** One fault of one field. */
export type FieldViolation = {
  /** Path in the request body without a leading slash: `clientIpResolutionConfig/headerIndexAlgorithm/ipHeaderIndex`. Empty: the body itself. */
  field: string;
  description: string;
  /** Stable code of the fault. */
  reason?: string | undefined;
};

/** What an error says beyond its message. `reason` of ErrorInfo is the stable code to program against. */
export type RpcErrorDetail =
  | { "@type": "type.googleapis.com/google.rpc.ErrorInfo"; reason: string; domain: "wherefrom" }
  | { "@type": "type.googleapis.com/google.rpc.RequestInfo"; requestId: string }
  | { "@type": "type.googleapis.com/google.rpc.BadRequest"; fieldViolations: FieldViolation[] };

/** The body of every answer that is an error: Google's REST envelope round google.rpc.Status. */
export type RpcError = {
  error: {
    /** The HTTP status, as Google's REST surface has it; not the number of google.rpc.Code. */
    code: number;
    message: string;
    /** Only in Google's first error format, which `$.xgafv=1` asks for. */
    errors?: { message: string; domain: "wherefrom"; reason: string }[] | undefined;
    status: RpcStatus;
    details: RpcErrorDetail[];
  };
};

const fieldViolationSchema = z.strictObject({ field: z.string(), description: z.string(), reason: z.string().optional() });

const detailSchema = z.union([
  z.strictObject({
    "@type": z.literal("type.googleapis.com/google.rpc.ErrorInfo"),
    reason: z.string(),
    domain: z.literal("wherefrom"),
  }),
  z.strictObject({ "@type": z.literal("type.googleapis.com/google.rpc.RequestInfo"), requestId: z.string() }),
  z.strictObject({
    "@type": z.literal("type.googleapis.com/google.rpc.BadRequest"),
    fieldViolations: z.array(fieldViolationSchema),
  }),
]);

export const rpcErrorSchema: z.ZodType<RpcError, unknown> = z
  .strictObject({
    error: z.strictObject({
      code: z.int(),
      message: z.string(),
      errors: z.array(z.strictObject({ message: z.string(), domain: z.literal("wherefrom"), reason: z.string() })).optional(),
      status: z.enum(STATUS_NAMES),
      details: z.array(detailSchema),
    }),
  })
  .meta({ id: "Error" });
