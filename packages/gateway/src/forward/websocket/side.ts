import type { Duplex } from "node:stream";

/** Who is told what becomes of a side of a WebSocket: first its handshake, then its tunnel. */
export type SideOwner = {
  said(side: Duplex, chunk: Buffer): void;
  /** It takes more. */
  drained(side: Duplex): void;
  /** It has said all. */
  ended(side: Duplex): void;
  broke(side: Duplex, error: Error): void;
  closed(side: Duplex): void;
};

const OWNER = Symbol("owner");

/** Thousands of sides share the five listeners below: a side finds its owner by a property. */
type Side = Duplex & { [OWNER]?: SideOwner };

/** Tells `owner` from here on, in place of whoever was told before. Nobody else may listen. */
export function tell(owner: SideOwner, side: Duplex): void {
  const isTold = (side as Side)[OWNER] !== undefined;
  (side as Side)[OWNER] = owner;
  if (isTold) return;
  side.on("data", onData);
  side.on("drain", onDrain);
  side.on("end", onEnd);
  side.on("error", onError);
  side.on("close", onClose);
}

/** Tells nobody any more. */
export function tellNobody(side: Duplex): void {
  delete (side as Side)[OWNER];
  side.off("data", onData);
  side.off("drain", onDrain);
  side.off("end", onEnd);
  side.off("error", onError);
  side.off("close", onClose);
}

function onData(this: Duplex, chunk: Buffer): void {
  (this as Side)[OWNER]?.said(this, chunk);
}

function onDrain(this: Duplex): void {
  (this as Side)[OWNER]?.drained(this);
}

function onEnd(this: Duplex): void {
  (this as Side)[OWNER]?.ended(this);
}

function onError(this: Duplex, error: Error): void {
  (this as Side)[OWNER]?.broke(this, error);
}

function onClose(this: Duplex): void {
  (this as Side)[OWNER]?.closed(this);
}
