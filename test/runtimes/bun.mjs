import { handle } from "./handle.mjs";

const fetch = (request, server) => handle(request, server.requestIP(request)?.address ?? "");

/** The port that was taken, on a line of standard output. */
console.log(`"port":${Bun.serve({ hostname: "127.0.0.1", port: 0, fetch }).port}`);
