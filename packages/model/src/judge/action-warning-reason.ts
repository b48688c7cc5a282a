/** Stable. Why a security action that is in force may be a slip; documented in docs/errors.md. */
export type ActionWarningReason = "ACTION_DENIES_MOST" | "ACTION_ALLOWS_MOST";
