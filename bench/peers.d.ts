// These peers bring no types of their own.
declare module "proxy-addr" {
  type TrustFunction = (address: string, index: number) => boolean;
  type ProxyAddr = ((request: unknown, trust: TrustFunction) => string) & { compile(list: readonly string[]): TrustFunction };
  const proxyAddr: ProxyAddr;
  export = proxyAddr;
}

declare module "request-ip" {
  export function getClientIp(request: unknown): string | null;
}

declare module "fast-proxy" {
  import type { IncomingMessage, ServerResponse } from "node:http";

  type Proxy = (request: IncomingMessage, response: ServerResponse, source: string | undefined, options: object) => void;
  const fastProxy: (options: { readonly base: string; readonly undici: object }) => { readonly proxy: Proxy };
  export = fastProxy;
}
