import type { Answerer, AnswerResult, Certificate, ProbeRun, Transport } from "../probe/answer.ts";

/** Requests over one transport and family that ended in the same way, and not at the echo. */
export type Unseen = { readonly transport: Transport; readonly family: 4 | 6; readonly requests: number; readonly end: UnseenEnd };

export type UnseenEnd =
  /** Somebody answered in place of the echo. */
  | ({ readonly kind: "answered" } & Answerer)
  /** Nobody answered. `unasked` counts the requests that were not sent because of that. */
  | {
      readonly kind: "failed";
      readonly code: string;
      readonly heard?: string;
      readonly unasked: number;
      readonly certificate?: Certificate;
    };

/** Gathers what became of requests that the echo did not see, in the order in which it was met. */
export function unseenIn({ answers, unasked = [] }: ProbeRun): readonly Unseen[] {
  const unseen = new Map<string, Unseen>();
  for (const { transport, family, result } of answers) {
    const end = endOf(result);
    if (end === undefined) continue;
    const key = JSON.stringify([transport, family, end]);
    const requests = (unseen.get(key)?.requests ?? 0) + 1;
    unseen.set(key, { transport, family, requests, end });
  }
  const met = [...unseen.values()].map((one): Unseen => {
    const left = unasked.find(
      ({ transport, family, code }) => isOf(one, { transport, family }) && one.end.kind === "failed" && one.end.code === code,
    );
    if (left === undefined || one.end.kind === "answered") return one;
    const { requests, certificate } = left;
    return { ...one, end: { ...one.end, unasked: requests, ...(certificate && { certificate }) } };
  });
  const never = unasked.filter((left) => !answers.some((answer) => isOf(answer, left)));
  return [
    ...met,
    ...never.map(
      ({ transport, family, requests, ...end }): Unseen => ({
        transport,
        family,
        requests: 0,
        end: { kind: "failed", unasked: requests, ...end },
      }),
    ),
  ];
}

function isOf(one: Pick<Unseen, "transport" | "family">, other: Pick<Unseen, "transport" | "family">): boolean {
  return one.transport === other.transport && one.family === other.family;
}

function endOf(result: AnswerResult): UnseenEnd | undefined {
  switch (result.kind) {
    case "answered":
      return result;
    case "failed":
      return { ...result, unasked: 0 };
    // seen, if only by a cache: the report says so beside the leg
    case "observed":
    case "other-nonce":
      return undefined;
  }
}
