/** What the configuration of a server is written from. */
export type ServerPlace = { readonly folder: string; readonly port: number; readonly originPort: number };

/** A server that is configured by one file. */
export type ServerProxy = {
  readonly config: (place: ServerPlace) => string;
  readonly command: (file: string, folder: string) => readonly string[];
};

/** nginx with one worker, kept connections and the X-Forwarded headers that every manual shows. No log. */
export const nginx: ServerProxy = {
  command: (file, folder) => ["nginx", "-p", folder, "-e", "stderr", "-c", file],
  config: ({ folder, port, originPort }) => `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr error;
events { worker_connections 8192; }
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  keepalive_requests 1000000000;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream origin { server 127.0.0.1:${originPort}; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_max_temp_file_size 0;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Real-IP $remote_addr;
    }
  }
}
`,
};

/** HAProxy with one thread, kept connections and X-Forwarded-For. No log. */
export const haproxy: ServerProxy = {
  command: (file) => ["haproxy", "-db", "-f", file],
  config: ({ port, originPort }) => `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  http-reuse always
frontend in
  bind 127.0.0.1:${port} backlog 4096
  option forwardfor
  default_backend origin
backend origin
  server origin 127.0.0.1:${originPort}
`,
};
