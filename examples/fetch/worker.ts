import { handle } from "./handler.ts";

export default {
  fetch: (request: Request) => handle(request, request.headers.get("CF-Connecting-IP") ?? ""),
};
