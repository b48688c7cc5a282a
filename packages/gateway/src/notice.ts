import type { NoticeCode } from "./errors.ts";

/** What happened beside the exchanges, for a log. `message` is one line; text from outside in it has been escaped. */
export type Notice = { readonly level: "info" | "warning"; readonly code: NoticeCode; readonly message: string };
