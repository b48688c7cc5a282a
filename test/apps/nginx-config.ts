/**
 * The main file of an nginx of a test: in the foreground, with one worker, and with every file that it writes in `folder`.
 *
 * Shape: `http` are lines of its section of that name.
 */
export function nginxConfig(folder: string, { http, logs }: { readonly http: readonly string[]; readonly logs: "warn" | "crit" }): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`);
  return `daemon off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr ${logs};
events { worker_connections 256; }
http {
  access_log off;
  ${[...temporary, ...http].join("\n  ")}
}
`;
}

/** The command for an nginx whose main file is `nginx.conf` in the folder. */
export function nginxCommand(folder: string): readonly string[] {
  return ["nginx", "-p", folder, "-e", "stderr", "-c", `${folder}/nginx.conf`];
}
