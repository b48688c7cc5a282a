import { onFreePort, type RunningNginx, runNginx } from "./nginx.ts";

/** Starts an nginx that carries TCP connections to `host:port` and says in a PROXY protocol header for whom. It speaks version 1. */
export function startNginxStream(target: string): Promise<RunningNginx & { readonly port: number }> {
  return onFreePort((listen) =>
    runNginx(
      (folder) => `load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
stream {
  server {
    listen ${listen};
    proxy_pass ${target};
    proxy_protocol on;
  }
}
`,
    ),
  );
}
