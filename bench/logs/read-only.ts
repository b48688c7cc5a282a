import { closeSync, openSync, readSync } from "node:fs";

// Command: node read-only.js FILE. Brings a file into memory and does nothing with it: what reading in this way can come to at most.
const CHUNK_BYTES = 262_144;
const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
const fd = openSync(process.argv[2] ?? "", "r");
while (readSync(fd, chunk, 0, CHUNK_BYTES, null) > 0);
closeSync(fd);
