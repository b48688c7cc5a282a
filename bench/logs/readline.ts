import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

// Command: node readline.js FILE. What one writes first: lines by readline, fields by split, counts by the commonest key.
const counts = new Map<string, number>();
const count = (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
for await (const line of createInterface({ input: createReadStream(process.argv[2] ?? ""), crlfDelay: Number.POSITIVE_INFINITY })) {
  const quoted = line.split('"');
  const [peer = ""] = line.split(" ", 1);
  const hops = (quoted[7] ?? "").split(", ");
  count(`peer ${peer}`);
  count(`client ${hops.at(-2) ?? peer}`);
  count(`hops ${hops.length}`);
  count(`status ${(quoted[2] ?? "").split(" ")[1]}`);
}
process.stdout.write(`${counts.size}\n`);
