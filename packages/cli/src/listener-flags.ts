import type { ListenerOptions } from "@wherefrom/gateway";
import type { Command } from "commander";
import { CliError } from "./errors.ts";
import { parseHost, parsePort, valueOption } from "./option-values.ts";

/** The flags that say where and how a gateway listens, when it listens at one place. */
export type ListenerFlags = {
  readonly host: string;
  readonly port: number;
  readonly unix?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly proxyProtocolFrom?: readonly string[] | undefined;
};

/** Their names as commander knows them, with the text that a person gives. */
export const LISTENER_FLAGS: Readonly<Record<keyof ListenerFlags, string>> = {
  host: "--host",
  port: "--port",
  unix: "--unix",
  tlsCert: "--tls-cert",
  tlsKey: "--tls-key",
  proxyProtocolFrom: "--proxy-protocol-from",
};

/** Adds the flags to a command that runs a gateway. */
export function addListenerOptions(command: Command): Command {
  return command
    .addOption(
      valueOption("--host <host>", "where the gateway listens", "WHEREFROM_GATEWAY_HOST").default("127.0.0.1").argParser(parseHost),
    )
    .addOption(valueOption("--port <port>", "port of the gateway", "WHEREFROM_GATEWAY_PORT").default(8080).argParser(parsePort))
    .addOption(valueOption("--unix <path>", "listen on this unix socket, and on no port", "WHEREFROM_GATEWAY_UNIX"))
    .addOption(valueOption("--tls-cert <file>", "speak TLS with this certificate in PEM; needs --tls-key", "WHEREFROM_TLS_CERT"))
    .addOption(valueOption("--tls-key <file>", "key of that certificate in PEM", "WHEREFROM_TLS_KEY"))
    .addOption(
      valueOption(
        "--proxy-protocol-from <cidr>",
        "require PROXY protocol, and take it from these peers only; repeatable",
        "WHEREFROM_PROXY_PROTOCOL_FROM",
      ).argParser(collectEntries),
    );
}

/** The listener that the flags describe. Errors: `CliError` for a certificate without a key or a key without one; the rest the gateway judges. */
export function listenerOf({ host, port, unix, tlsCert, tlsKey, proxyProtocolFrom }: ListenerFlags): ListenerOptions {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new CliError("USAGE_OPTION_MISSING", "Give both --tls-cert (WHEREFROM_TLS_CERT) and --tls-key (WHEREFROM_TLS_KEY)");
  }
  return {
    ...(unix === undefined ? { host, port } : { unix }),
    ...(tlsCert !== undefined && tlsKey !== undefined && { tls: { certFile: tlsCert, keyFile: tlsKey } }),
    ...(proxyProtocolFrom !== undefined && { proxyProtocol: { trustedPeers: [...proxyProtocolFrom] } }),
  };
}

/** An environment variable holds several entries with commas between them. */
function collectEntries(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(",").map((entry) => entry.trim())];
}
