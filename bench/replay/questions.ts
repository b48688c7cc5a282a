import { type Facts, replayRequest } from "./requests.ts";

/** What stats answer: a number for each metric, by the values of the dimensions. */
export type Answer = ReadonlyMap<string, readonly number[]>;

/** A question of the stats API. `by` are dimensions that the facts have; a question about what only the events know, times, has none to compare with. */
export type ReplayQuestion = {
  readonly name: string;
  readonly dimensions: string;
  readonly query: Readonly<Record<string, string>>;
  readonly expected?: {
    readonly by: readonly (keyof Facts)[];
    readonly where?: (facts: Facts) => boolean;
    readonly measure?: (facts: Facts) => number;
  };
};

const isError = ({ response_status_code }: Facts): boolean => Number(response_status_code) >= 400;
const SOME = ["203.0.0.7", "203.0.1.9", "2001:db8::b", "127.0.0.1"];

export const REPLAY_QUESTIONS: readonly ReplayQuestion[] = [
  { name: "all", dimensions: "-", query: { select: "sum(message_count)" }, expected: { by: [] } },
  {
    name: "errors by api",
    dimensions: "apiproxy",
    query: { select: "sum(is_error)" },
    expected: { by: ["apiproxy"], measure: (facts) => (isError(facts) ? 1 : 0) },
  },
  {
    name: "bytes by api and status",
    dimensions: "apiproxy,response_status_code",
    query: { select: "sum(response_size)", filter: "(apiproxy isnot null)" },
    expected: {
      by: ["apiproxy", "response_status_code"],
      where: ({ apiproxy }) => apiproxy !== undefined,
      measure: ({ responseBytes }) => responseBytes,
    },
  },
  {
    name: "clients",
    dimensions: "ax_resolved_client_ip",
    query: { select: "sum(message_count)" },
    expected: { by: ["ax_resolved_client_ip"] },
  },
  {
    name: "how clients were found",
    dimensions: "outcome,reason,trust",
    query: { select: "sum(message_count)" },
    expected: { by: ["outcome", "reason", "trust"] },
  },
  {
    name: "user agents by method",
    dimensions: "useragent,request_verb",
    query: { select: "sum(message_count)" },
    expected: { by: ["useragent", "request_verb"] },
  },
  {
    name: "clients with errors of curl",
    dimensions: "ax_resolved_client_ip",
    query: { select: "sum(message_count)", filter: "(response_status_code ge 400 and useragent like 'curl/%')" },
    expected: { by: ["ax_resolved_client_ip"], where: (facts) => isError(facts) && facts.useragent?.startsWith("curl/") === true },
  },
  {
    name: "apis of some clients, not by GET",
    dimensions: "apiproxy,ax_resolved_client_ip",
    query: {
      select: "sum(message_count)",
      filter: `(ax_resolved_client_ip in ${SOME.map((address) => `'${address}'`).join(",")} and request_verb ne 'GET')`,
    },
    expected: {
      by: ["apiproxy", "ax_resolved_client_ip"],
      where: ({ ax_resolved_client_ip, request_verb }) => SOME.includes(ax_resolved_client_ip) && request_verb !== "GET",
    },
  },
  {
    name: "neither a browser nor curl, or without a route",
    dimensions: "useragent,apiproxy",
    query: { select: "sum(message_count)", filter: "(useragent not similar to '(curl|Mozilla)/%' or apiproxy is null)" },
    expected: {
      by: ["useragent", "apiproxy"],
      where: ({ useragent, apiproxy }) => !/^(curl|Mozilla)\//.test(useragent ?? "") || apiproxy === undefined,
    },
  },
  {
    name: "times by minute and api",
    dimensions: "apiproxy",
    query: {
      select: "sum(message_count),avg(total_response_time),max(total_response_time),min(target_response_time)",
      timeUnit: "minute",
      tzo: "330",
    },
  },
  {
    name: "times by status",
    dimensions: "response_status_code,ax_hour_of_day",
    query: { select: "avg(target_response_time),sum(total_response_time)" },
  },
];

/** What a question has to answer after the first requests of the replay, by going through all of them. */
export function expectedAnswer(
  { by, where = () => true, measure = () => 1 }: NonNullable<ReplayQuestion["expected"]>,
  count: number,
): Answer {
  const sums = new Map<string, [number]>();
  for (let index = 0; index < count; index++) {
    const { facts } = replayRequest(index);
    if (!where(facts)) continue;
    const name = JSON.stringify(by.map((dimension) => facts[dimension] ?? "(not set)"));
    const sum = sums.get(name);
    if (sum === undefined) sums.set(name, [measure(facts)]);
    else sum[0] += measure(facts);
  }
  return sums;
}

type Metric = { readonly name: string; readonly values: readonly (string | { readonly timestamp: number; readonly value: string })[] };

/** Reads an answer of the stats API. Points in time are dimensions of their own here. */
export function readAnswer(stats: unknown): Answer {
  const [environment] = (
    stats as { environments: { metrics?: Metric[]; dimensions?: { individualNames: string[]; metrics: Metric[] }[] }[] }
  ).environments;
  const groups = environment?.dimensions ?? [{ individualNames: [], metrics: environment?.metrics ?? [] }];
  const answer = new Map<string, number[]>();
  for (const { individualNames, metrics } of groups) {
    for (const { values } of metrics) {
      for (const value of values) {
        const [at, number] = typeof value === "object" ? [[value.timestamp], value.value] : [[], value];
        const name = JSON.stringify([...individualNames, ...at]);
        const numbers = answer.get(name);
        if (numbers === undefined) answer.set(name, [Number(number)]);
        else numbers.push(Number(number));
      }
    }
  }
  return answer;
}

/** Sums of fractions depend on the order in which they are added. */
const TOLERANCE = 1e-9;

/** Groups that only one has, or that have other numbers. */
export function differences(left: Answer, right: Answer): readonly string[] {
  const names = new Set([...left.keys(), ...right.keys()]);
  return [...names].filter((name) => {
    const [ours = [], theirs = []] = [left.get(name), right.get(name)];
    const isSame = (number: number, index: number): boolean =>
      Math.abs(number - (theirs[index] ?? Number.NaN)) <= TOLERANCE * Math.abs(number);
    return ours.length !== theirs.length || !ours.every(isSame);
  });
}
