import { handle } from "./handler.ts";

Deno.serve((request, info) => handle(request, info.remoteAddr.hostname));
