import { handle } from "./handler.ts";

Bun.serve({ fetch: (request, server) => handle(request, server.requestIP(request)?.address ?? "") });
