import type { Resolution } from "../resolve/resolution.ts";
import type { Resolver } from "../resolve/resolver.ts";
import { type ClientIpOptions, createClientOf, type NodeRequest } from "./node.ts";

/**
 * What the plugin adds to a request. To have it on every Fastify request:
 *
 * ```ts
 * declare module "fastify" {
 *   interface FastifyRequest extends WithClientIp {}
 * }
 * ```
 */
export type WithClientIp = { readonly clientIp: Resolution };

/** The part of a Fastify instance that is used. */
export type FastifyInstanceWithDecorators<Request extends NodeRequest> = {
  decorateRequest(name: "clientIp", property: { getter(this: { readonly raw: Request }): Resolution }): unknown;
};

/** A Fastify plugin that its parent shares: what it decorates is there outside of the plugin too. */
export type FastifyPlugin<Request extends NodeRequest> = (
  instance: FastifyInstanceWithDecorators<Request>,
  options: unknown,
  done: () => void,
) => void;

/**
 * Fastify plugin that decorates a request with `clientIp`: `app.register(clientIp(resolver))`.
 *
 * It is worked out when it is first asked for, and once; ask while the connection is open. Not a gate: a request without an address goes on too, with
 * `clientIp.ip` `null`. It neither reads nor changes `trustProxy` and `request.ip`.
 */
export function clientIp<Request extends NodeRequest = NodeRequest>(
  resolver: Resolver,
  options: ClientIpOptions<Request> = {},
): FastifyPlugin<Request> {
  const clientOf = createClientOf(resolver, options);
  const plugin: FastifyPlugin<Request> = (instance, _options, done) => {
    instance.decorateRequest("clientIp", {
      getter() {
        return clientOf(this.raw);
      },
    });
    done();
  };
  // What the package fastify-plugin does: without the first mark the decorator would stay inside this plugin.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true, [Symbol.for("fastify.display-name")]: "wherefrom" });
}
