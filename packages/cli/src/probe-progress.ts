import type { Asking } from "@wherefrom/doctor";

/** The line on a terminal that says what a probe is asking. */
export type ProbeProgress = { readonly show: (asking: Asking) => void /** Wipes the line. */; readonly end: () => void };

/** Shows progress on a terminal, and nothing where standard error is none or nobody is to be told. */
export function openProbeProgress({ json, quiet }: { readonly json?: boolean; readonly quiet?: boolean }): ProbeProgress {
  if (process.stderr.isTTY !== true || json === true || quiet === true) return { show: () => undefined, end: () => undefined };
  return {
    show: (asking) => process.stderr.write(`\r\x1b[K${progressText(asking)}`),
    end: () => process.stderr.write("\r\x1b[K"),
  };
}

function progressText({ question, transport, address, round, done, all }: Asking): string {
  const over = transport === "http" ? "HTTP" : "WebSocket";
  return `${done + 1} of ${all}: ${question} over ${over} to ${address}, round ${round}`;
}
