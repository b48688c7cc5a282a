import type { SecurityAction } from "@wherefrom/model";
import type { Resolution } from "wherefrom";
import type { ContractName } from "../decide/contract.ts";
import type { FaultCode } from "../errors.ts";
import type { HopRefusal } from "../signed-hop/hop-refusal.ts";

/** What is left of an exchange when it is over. Texts are as the client sent them: escape them before printing. */
export type ExchangeRecord = {
  /** From the parsed header to the last byte of the answer; for a WebSocket to its handshake. */
  readonly durationMs: number;
  readonly method: string;
  /** `1.1`, as the client said. */
  readonly httpVersion: string;
  /** The request target as sent, also when the request was refused for its form. */
  readonly requestTarget: string;
  /** The header of the request as it came: name, value, name, value. */
  readonly fields: readonly string[];
  /** As sent, with port; `undefined` without Host or when the request was refused for its form. */
  readonly host: string | undefined;
  readonly pathAndQuery: string | undefined;
  readonly peer: string | undefined;
  /** `false` for what the sender of a PROXY protocol header asks for itself (`LOCAL`), as its health checks do: then there is no event of it. */
  readonly isClients: boolean;
  /** `undefined` when the request was refused for its form: then nobody asked who it is from. */
  readonly resolution: Resolution | undefined;
  /** What became of the signed hop that the request brought; `undefined` when it brought none, or none is accepted here. */
  readonly signedHop: "accepted" | HopRefusal | undefined;
  /** The security action that decided; `undefined` when none matched, or only observed ones. */
  readonly securityAction: SecurityAction | undefined;
  /** The one that would have decided instead, were none only observed; `undefined` when that changes nothing. */
  readonly observedAction: SecurityAction | undefined;
  /** By which contract an engine asked about this request; `undefined` for one that came to the gateway itself. */
  readonly decision: ContractName | undefined;
  /** Name of the route. */
  readonly route: string | undefined;
  /** Origin of the target that it was sent to last; `undefined` when it was sent to none. */
  readonly target: string | undefined;
  /** How often it was sent to a target. */
  readonly attempts: number;
  /** How long that target took to the header of its answer, or until it failed or was given up; `undefined` when it was sent to none. */
  readonly targetMs: number | undefined;
  /** `undefined` when the client left before there was one; 101 for an opened WebSocket. */
  readonly status: number | undefined;
  /** Set when the gateway itself answered, or broke the answer off. */
  readonly fault: FaultCode | undefined;
  /** Whether the whole answer was sent. */
  readonly isComplete: boolean;
  /** Of the request's body that was passed on, and of the answer's body that was sent; without what a WebSocket carried. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Of the snapshot that the exchange ran by. */
  readonly revision: number;
  /** A flow variable of the exchange; see docs/flow-variables.md. */
  readonly flowVariable: (name: string) => string | undefined;
};
