import { handle } from "./handle.mjs";

/** The port that was taken, on a line of standard output. */
const onListen = ({ port }) => console.log(`"port":${port}`);

Deno.serve({ hostname: "127.0.0.1", port: 0, onListen }, (request, info) => handle(request, info.remoteAddr.hostname));
