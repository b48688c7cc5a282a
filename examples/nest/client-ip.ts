import { createParamDecorator, type ExecutionContext } from "@nestjs/common";
import { createResolver, parsePolicy } from "wherefrom";
import { createClientOf } from "wherefrom/nest";

const resolver = createResolver(
  parsePolicy({ trustedProxiesAlgorithm: { ipHeaderName: "X-Forwarded-For", trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] } }),
);

export const clientOf = createClientOf(resolver);
export const ClientIp = createParamDecorator((_data: unknown, context: ExecutionContext) => clientOf(context));
