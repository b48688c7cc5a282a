import { CliError, codeOf } from "./errors.ts";

const NEXT_PORT_STEP = 10;
const MAX_PORT = 65_535;

/** Where a part was told to listen, and the flags that say so. */
export type ListenFlags = {
  readonly host: string;
  readonly port: number;
  readonly hostFlag: string;
  readonly portFlag: string;
  readonly hostVariable: string;
  readonly portVariable: string;
};

/**
 * Runs `listen`, and turns its fault into the one line that names the flag to change: the gateway and the API know the port, but
 * not by which flag it came. Other faults pass as they are.
 */
export async function withListenFlags<Part>(flags: ListenFlags, listen: () => Promise<Part>): Promise<Part> {
  try {
    return await listen();
  } catch (error) {
    throw describeListenFault(codeOf(error) ?? "", flags, error) ?? error;
  }
}

function describeListenFault(code: string, flags: ListenFlags, cause: unknown): CliError | undefined {
  const { host, port, hostFlag, portFlag, hostVariable, portVariable } = flags;
  const where = `Cannot listen on ${host.includes(":") ? `[${host}]` : host}:${port}`;
  const otherPort = port + NEXT_PORT_STEP > MAX_PORT ? 0 : port + NEXT_PORT_STEP;
  if (code.endsWith("_PORT_IN_USE")) {
    return new CliError(
      "LISTEN_PORT_IN_USE",
      `${where}: the port is in use. Stop the other program, or choose another with ${portFlag} ${otherPort} (${portVariable})`,
      { cause },
    );
  }
  if (code.endsWith("_PORT_DENIED")) {
    return new CliError(
      "LISTEN_REFUSED",
      `${where}: the system does not allow this port. Choose one above 1023 with ${portFlag} 8080 (${portVariable})`,
      { cause },
    );
  }
  if (code.endsWith("_ADDRESS_UNAVAILABLE")) {
    return new CliError(
      "LISTEN_REFUSED",
      `${where}: this machine has no such address. Choose another with ${hostFlag} 127.0.0.1 (${hostVariable})`,
      { cause },
    );
  }
  return undefined;
}
