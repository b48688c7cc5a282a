import type { ControlOptions } from "@wherefrom/control";
import type { Command } from "commander";
import { collectNames } from "./admin-flags.ts";
import { CliError } from "./errors.ts";
import { valueOption } from "./option-values.ts";

/** How others than programs of this machine reach the management API. */
export type ReachFlags = {
  readonly name?: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsProxy?: readonly string[];
};

export function addReachOptions(command: Command): Command {
  return command
    .addOption(
      valueOption("--name <name>", "a host name by which others ask the API; repeatable", "WHEREFROM_API_NAME").argParser(collectNames),
    )
    .addOption(valueOption("--tls-cert <file>", "the API's certificate, PEM: it speaks TLS", "WHEREFROM_API_TLS_CERT"))
    .addOption(valueOption("--tls-key <file>", "the key of that certificate, PEM", "WHEREFROM_API_TLS_KEY"))
    .addOption(
      valueOption(
        "--tls-proxy <network>",
        "a proxy with TLS stands before the API at this address or network, and nobody else may connect; repeatable",
        "WHEREFROM_API_TLS_PROXY",
      ).argParser(collectNetworks),
    );
}

/** What of them a control is opened with. Errors: `CliError` for a certificate without a key, or the other way round. */
export function reachOptions({
  name,
  tlsCert: certFile,
  tlsKey: keyFile,
  tlsProxy,
}: ReachFlags): Pick<ControlOptions, "names" | "tls" | "tlsProxies"> {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new CliError(
      "USAGE_OPTION_MISSING",
      "Give --tls-cert FILE and --tls-key FILE together (WHEREFROM_API_TLS_CERT, WHEREFROM_API_TLS_KEY)",
    );
  }
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile };
  return { names: name, tls, tlsProxies: tlsProxy };
}

/** An environment variable holds several networks with commas between them. What they are is judged where they are used. */
function collectNetworks(text: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...text.split(",").map((network) => network.trim())];
}
