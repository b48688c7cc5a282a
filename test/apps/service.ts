import type { Place } from "../process/place.ts";
import { repositoryPath } from "../process/repository.ts";
import { type Started, start } from "../process/started.ts";
import { debianPython } from "./python.ts";

export type ServiceOptions = {
  readonly place?: Place;
  readonly name: string;
  readonly host?: string;
  /** 0: any free port. */
  readonly port?: number;
  /** `ignored`: `client` is the transport peer. `as-shipped`: uvicorn rewrites it from X-Forwarded-For when the peer is 127.0.0.1. */
  readonly proxyHeaders?: "ignored" | "as-shipped";
};

/** The FastAPI service under uvicorn. */
export type RunningService = { readonly port: number; readonly process: Started };

/** Starts the service and waits until uvicorn says that it listens. */
export async function startService(options: ServiceOptions): Promise<RunningService> {
  const proxyHeaders = options.proxyHeaders === "as-shipped" ? [] : ["--no-proxy-headers"];
  const listen = ["--host", options.host ?? "127.0.0.1", "--port", String(options.port ?? 0)];
  const command = [debianPython(), "-m", "uvicorn", "--app-dir", repositoryPath("test/apps"), ...listen, ...proxyHeaders, "service:app"];
  const env = { SERVICE_NAME: options.name, PYTHONDONTWRITEBYTECODE: "1" };
  const process = start(command, options.place === undefined ? { env } : { env, place: options.place });
  const port = await process.ready("listens", () => /Uvicorn running on http:\/\/\S+:(\d+) /.exec(process.stderr())?.[1]);
  return { port: Number(port), process };
}
