// The corpus on a runtime of the Fetch standard. Bundled with the library and the rows, and run by that runtime.
import rows from "corpus-rows";
import { createResolver, parsePolicy } from "wherefrom";
import { evidenceOfRequest } from "wherefrom/fetch";

const resolvers = rows.map((row) => createResolver(parsePolicy(row.policy)));

/**
 * Answers with the resolution of the row that the request names, or with the peer when it names none.
 *
 * @param {Request} request
 * @param {string} remote the far end as the runtime knows it
 */
export function handle(request, remote) {
  const number = request.headers.get("x-row");
  if (number === null) return Response.json({ remote });
  const { peer } = rows[Number(number)];
  return Response.json(resolvers[Number(number)].resolve(evidenceOfRequest(request, peer ?? undefined)));
}
