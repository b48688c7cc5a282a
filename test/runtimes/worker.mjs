import { handle } from "./handle.mjs";

export default {
  fetch: (request) => handle(request, request.headers.get("CF-Connecting-IP") ?? ""),
};
