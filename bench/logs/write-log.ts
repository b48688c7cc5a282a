import { closeSync, openSync, writeSync } from "node:fs";

export type WrittenLog = {
  readonly path: string;
  readonly bytes: number;
  /** Different clients. Requests go to the first ones more often: the second half as often as the first, in each octave. */
  readonly clients: number;
};

const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
  "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  "okhttp/4.12.0",
];

const LINES_AT_ONCE = 5_000;
const MS_A_LINE = 20;

/** Writes a log in nginx's combined format with X-Forwarded-For behind it, about 217 bytes a line: a client goes by one of four balancers and one of two proxies before them. The same log each time. */
export function writeLog({ path, bytes, clients }: WrittenLog): void {
  const random = createRandom();
  const fd = openSync(path, "w");
  try {
    let line = 0;
    for (let written = 0; written < bytes; ) {
      const lines: string[] = [];
      for (let at = 0; at < LINES_AT_ONCE; at++) lines.push(lineOf(line++, { client: Math.floor(clients ** random()), random }));
      written += writeSync(fd, `${lines.join("\n")}\n`);
    }
  } finally {
    closeSync(fd);
  }
}

function lineOf(line: number, { client, random }: { readonly client: number; readonly random: () => number }): string {
  const time = new Date(Date.UTC(2026, 10, 25) + line * MS_A_LINE).toISOString().slice(11, 19);
  const spread = Math.imul(client + 7, 2_654_435_761) >>> 0;
  const address = `${81 + ((spread >>> 24) % 9)}.${(spread >>> 16) & 255}.${(spread >>> 8) & 255}.${spread & 255}`;
  const request = `GET /api/v1/items/${Math.floor(random() * 1e6)}?page=${line % 50} HTTP/1.1`;
  const status = line % 97 === 0 ? 101 : 200;
  return `10.0.0.${1 + (spread & 3)} - - [25/Nov/2026:${time} +0000] "${request}" ${status} ${Math.floor(random() * 20_000)} "https://shop.example/cart" "${AGENTS[line % 3]}" "${address}, 10.0.2.${spread & 1}"`;
}

/** Numerical Recipes' linear congruential generator. */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
