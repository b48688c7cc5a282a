import { type Command, InvalidArgumentError } from "commander";
import { parseHost, parsePort, valueOption } from "./option-values.ts";

/** The flags of the listener for health, readiness and metrics. */
export type AdminFlags = {
  readonly adminHost?: string | undefined;
  /** There is no such listener without a port. */
  readonly adminPort?: number | undefined;
  readonly adminName?: readonly string[] | undefined;
};

/** Adds the flags to a command that runs a gateway. */
export function addAdminOptions(command: Command): Command {
  return command
    .addOption(
      valueOption(
        "--admin-port <port>",
        "answer /healthz, /readyz and /metrics on this port; default: nowhere",
        "WHEREFROM_ADMIN_PORT",
      ).argParser(parsePort),
    )
    .addOption(
      valueOption(
        "--admin-host <host>",
        "where that port listens, without access control; default: 127.0.0.1",
        "WHEREFROM_ADMIN_HOST",
      ).argParser(parseHost),
    )
    .addOption(
      valueOption(
        "--admin-name <name>",
        "a host name by which it may be asked, beside localhost and addresses; repeatable",
        "WHEREFROM_ADMIN_NAME",
      ).argParser(collectNames),
    );
}

const NAME = /^[A-Za-z0-9._-]{1,253}$/;

/** An environment variable holds several names with commas between them. */
export function collectNames(text: string, previous: readonly string[] = []): readonly string[] {
  const names = text.split(",").map((name) => name.trim());
  if (!names.every((name) => NAME.test(name))) throw new InvalidArgumentError("Expected a host name without a port.");
  return [...previous, ...names];
}
