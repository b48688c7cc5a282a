import { createHopAddress, type HopAddress, readHop } from "../ip/read.ts";
import { type ForwardedElement, splitForwardedLine } from "./forwarded.ts";
import type { HopReader, Side } from "./hop-reader.ts";
import { isMalformedText, whyNotAnAddress } from "./opaque.ts";

const NO_ELEMENTS: readonly ForwardedElement[] = [];

/**
 * Reads the hops of `Forwarded`: the `for` parameter of each element.
 *
 * Source: RFC 7239 §4 and §6 (IPv6 stands in brackets and quotes, an address with a port in quotes).
 */
export function createForwardedReader(side: Side): HopReader {
  const hop = createHopAddress();
  let lines: readonly string[] = [];
  const step = side === "right" ? -1 : 1;
  let line = 0;
  let elements = NO_ELEMENTS;
  let index = 0;
  let currentLine = "";
  let current: ForwardedElement | undefined;

  function enterLine(next: number): boolean {
    const entered = lines[next];
    if (entered === undefined) return false;
    line = next;
    elements = splitForwardedLine(entered);
    index = side === "right" ? elements.length : -1;
    return true;
  }

  function text(): string {
    return current === undefined ? "" : currentLine.slice(current.start, current.end);
  }

  return {
    side,
    isLengthLimited: true,
    hop,
    open(newLines) {
      lines = newLines;
      elements = NO_ELEMENTS;
      current = undefined;
      index = side === "right" ? 0 : -1;
      line = side === "right" ? lines.length : -1;
    },
    next() {
      while (elements[index + step] === undefined) {
        if (!enterLine(line + step)) return false;
      }
      index += step;
      current = elements[index];
      currentLine = lines[line] as string;
      return true;
    },
    read: () => current?.node.kind === "node" && readNode(current.node.text, hop),
    isMalformed: () => isMalformedText(text()),
    text,
    whyOpaque() {
      if (current === undefined) return "";
      if (current.node.kind === "opaque") return current.node.why;
      return isBareIpv6(current.node.text) ? "IPv6 without brackets" : whyNotAnAddress(current.node.text);
    },
  };
}

/** Without quotes neither a colon nor a bracket gets here, because a token has none (RFC 7239 §4): an IPv6 address in brackets was quoted. */
function readNode(text: string, into: HopAddress): boolean {
  return !isBareIpv6(text) && readHop(text, 0, text.length, into);
}

function isBareIpv6(text: string): boolean {
  return !text.startsWith("[") && text.indexOf(":") !== text.lastIndexOf(":");
}
