// Writes one text after the other to a sealed file and says each number once it is written, until it is killed. Argument: the file.
import { writeSync } from "node:fs";
import { writeSealed } from "../dist/snapshot/sealed-file.js";

const [, , path] = process.argv;

for (let mark = 1; ; mark += 1) {
  await writeSealed(path, `${mark} `.repeat(20_000));
  writeSync(1, `${mark}\n`);
}
