/** Exit codes of every command. `findings`: it ran, and something in the input failed or was found. */
export const exitCodes = { ok: 0, findings: 1, usage: 2, couldNotRun: 3 } as const;

/** Stable. What a command says when it stops; documented in docs/errors.md. */
export type CliErrorCode =
  | "USAGE_OPTION_INVALID"
  | "USAGE_OPTION_CONFLICT"
  | "USAGE_OPTION_MISSING"
  | "RESOLVE_POLICY_UNREADABLE"
  | "RESOLVE_POLICY_NOT_JSON"
  | "RESOLVE_PEER_INVALID"
  | "RESOLVE_HEADER_INVALID"
  | "RESOLVE_INPUT_UNREADABLE"
  | "LINT_INPUT_TOO_LONG"
  | "LINT_SUPPRESSIONS_UNREADABLE"
  | "LINT_SUPPRESSIONS_INVALID"
  | "DOCTOR_FACTS_UNREADABLE"
  | "DOCTOR_FACTS_NOT_JSON"
  | "DOCTOR_TARGET_INVALID"
  | "DOCTOR_SETTING_UNREADABLE"
  | "DOCTOR_PROBE_UNREADABLE"
  | "DOCTOR_CA_UNUSABLE"
  | "DOCTOR_ENVIRONMENT_UNREADABLE"
  | "RANGES_FOLDER_UNUSABLE"
  | "RANGES_SOURCE_UNREADABLE"
  | "RANGES_SOURCE_TOO_LARGE"
  | "RANGES_SOURCE_REDIRECTED"
  | "API_REFUSED"
  | "API_UNREACHABLE"
  | "API_ANSWER_INVALID"
  | "API_TOKEN_UNPROTECTED"
  | "PROFILE_FILE_INVALID"
  | "PROFILE_FILE_UNWRITABLE"
  | "PROFILE_UNKNOWN"
  | "EVIDENCE_INVALID"
  | "EVIDENCE_UNREADABLE"
  | "FILES_INVALID"
  | "FILES_UNWRITABLE"
  | "FILES_NOT_OURS"
  | "OUTPUT_UNWRITABLE"
  | "OUTPUT_FILE_UNWRITABLE"
  | "LISTEN_PORT_IN_USE"
  | "LISTEN_REFUSED"
  | "DATA_FOLDER_UNUSABLE"
  | "SNAPSHOT_KEY_ABSENT"
  | "DEMO_ROUTE_REFUSED";

/** Stable. What one line of `resolve --jsonl` says in place of its resolution. */
export type LineErrorCode =
  | "RESOLVE_LINE_NOT_JSON"
  | "RESOLVE_LINE_INVALID"
  | "RESOLVE_LINE_TOO_LONG"
  | "RESOLVE_PEER_INVALID"
  | "POLICY_INVALID";

/** Faults in what the command was given; all others stopped a command that was asked the right way. */
const USAGE_FAULTS: ReadonlySet<CliErrorCode> = new Set<CliErrorCode>([
  "USAGE_OPTION_INVALID",
  "USAGE_OPTION_CONFLICT",
  "USAGE_OPTION_MISSING",
  "RESOLVE_POLICY_UNREADABLE",
  "RESOLVE_POLICY_NOT_JSON",
  "RESOLVE_PEER_INVALID",
  "RESOLVE_HEADER_INVALID",
  "LINT_INPUT_TOO_LONG",
  "LINT_SUPPRESSIONS_UNREADABLE",
  "LINT_SUPPRESSIONS_INVALID",
  "DOCTOR_FACTS_UNREADABLE",
  "DOCTOR_FACTS_NOT_JSON",
  "DOCTOR_TARGET_INVALID",
  "DOCTOR_SETTING_UNREADABLE",
  "DOCTOR_PROBE_UNREADABLE",
  "DOCTOR_CA_UNUSABLE",
  "DOCTOR_ENVIRONMENT_UNREADABLE",
  "RANGES_FOLDER_UNUSABLE",
  "API_TOKEN_UNPROTECTED",
  "PROFILE_FILE_INVALID",
  "PROFILE_UNKNOWN",
  "EVIDENCE_INVALID",
  "EVIDENCE_UNREADABLE",
  "FILES_INVALID",
  "FILES_NOT_OURS",
  "SNAPSHOT_KEY_ABSENT",
]);

/** A command that cannot go on. Its message is one line for the person at the terminal and says the way out. */
export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;
  readonly exitCode: number;

  constructor(code: CliErrorCode, message: string, options?: ErrorOptions & { readonly exitCode?: number }) {
    super(message, options);
    this.code = code;
    this.exitCode = options?.exitCode ?? (USAGE_FAULTS.has(code) ? exitCodes.usage : exitCodes.couldNotRun);
  }
}

/** The stable code of an error: Node's own (`EADDRINUSE`) or one of ours. Not its message. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
