import type { FaultCode } from "./errors.ts";

/** An answer of the gateway's own. An expected outcome, so a value; never thrown, and never with text of the client in it. */
export type Fault = {
  readonly status: number;
  readonly code: FaultCode;
  /** One sentence for the caller, without anything the caller sent. */
  readonly message: string;
  /** Whether the connection is of no further use: its framing is in doubt. */
  readonly closes: boolean;
  /** Fields the status asks for, `[name, value, name, value]`. */
  readonly fields: readonly string[];
};

/** A fault after which the connection can go on. */
export function fault(status: number, { code, message, fields = [] }: FaultText): Fault {
  return { status, code, message, fields, closes: false };
}

/** A fault after which nothing on the connection can be believed. */
export function closingFault(status: number, { code, message, fields = [] }: FaultText): Fault {
  return { status, code, message, fields, closes: true };
}

type FaultText = { readonly code: FaultCode; readonly message: string; readonly fields?: readonly string[] };

/** The body of a fault, as JSON. */
export function faultBody({ code, message }: Fault): string {
  return `${JSON.stringify({ error: { code, message } })}\n`;
}

/** The header fields of a fault, as `[name, value, name, value]`. */
export function faultFields(answer: Fault, body: string): string[] {
  const fields = [
    "Content-Type",
    "application/json; charset=utf-8",
    "Content-Length",
    String(Buffer.byteLength(body)),
    "Cache-Control",
    "no-store",
  ];
  fields.push(...answer.fields);
  if (answer.closes) fields.push("Connection", "close");
  return fields;
}
