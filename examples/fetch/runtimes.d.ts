/** What the examples use of Deno and Bun, so that they compile here. In a project of yours the runtime brings these types itself. */
declare const Deno: {
  serve(handle: (request: Request, info: { readonly remoteAddr: { readonly hostname: string } }) => Response): unknown;
};

declare const Bun: {
  serve(options: {
    fetch(request: Request, server: { requestIP(request: Request): { readonly address: string } | null }): Response;
  }): unknown;
};
