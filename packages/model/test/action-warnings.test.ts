import { expect, test } from "vitest";
import { parsePrefix } from "wherefrom";
import { actionWarnings } from "../src/judge/action-warnings.ts";
import { securityActionSchema } from "../src/security-action.ts";

/** All networks of a length that hold an address of the given network, but for one. */
const halves = (text: string, count: number, length: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => text.replace("N", String(at))).map((address) => `${address}/${length}`);

const rows = [
  { ranges: ["0.0.0.0/0"], says: ["deny every IPv4 address"] },
  { ranges: ["::/0"], says: ["deny every IPv6 address"] },
  { ranges: ["0.0.0.0/0", "::/0"], says: ["deny every IPv4 address", "deny every IPv6 address"] },
  { ranges: ["::ffff:0:0/96"], says: ["deny every IPv4 address"] }, // another spelling of 0.0.0.0/0
  { ranges: ["0.0.0.0/1", "128.0.0.0/1"], says: ["deny every IPv4 address"] },
  { ranges: halves("N.0.0.0", 256, 8), says: ["deny every IPv4 address"] },
  { ranges: halves("N.0.0.0", 127, 8), says: [] },
  { ranges: halves("N.0.0.0", 192, 8), says: ["deny 75 % of all IPv4 addresses"] },
  { ranges: ["0.0.0.0/2", "0.0.0.0/3", "0.0.0.0/4", "32.0.0.0/3", "0.0.0.0/8"], says: [] }, // a quarter, however often it is named
  { ranges: ["2000::/3"], says: ["deny every IPv6 address"] }, // no client has another
  { ranges: ["2000::/4"], says: ["deny 50 % of all IPv6 addresses"] },
  { ranges: ["fc00::/7", "8000::/1", "::/3"], says: [] }, // no client on the internet
  { ranges: ["3000::/4", "2000::/5", "2800::/6", "2c00::/6"], says: ["deny every IPv6 address"] },
  { ranges: ["203.0.113.0/24", "2001:db8::/32", "2001:db8::1"], says: [] },
  { ranges: ["0.0.0.0/0"], more: { apiProxies: ["orders"] }, says: ["deny every IPv4 address at orders"] },
  { ranges: ["0.0.0.0/0"], more: { state: "DISABLED" }, says: ["deny every IPv4 address"] },
  { ranges: ["0.0.0.0/0"], more: { isObserved: true }, says: [] },
  { ranges: ["0.0.0.0/0"], more: { conditionConfig: { ipAddressRanges: ["0.0.0.0/0"], httpMethods: ["TRACE"] } }, says: [] },
  { ranges: ["0.0.0.0/0"], more: { deny: undefined, allow: {} }, says: ["allow every IPv4 address"] },
  { ranges: ["0.0.0.0/0"], more: { deny: undefined, flag: { headers: [{ name: "x-a", value: "1" }] } }, says: [] },
  { ranges: undefined, more: { conditionConfig: { httpMethods: ["TRACE"] } }, says: [] },
] as const;

test.each(rows)("of $ranges with $more it says $says", ({ ranges, says, ...row }) => {
  const action = { name: "a", state: "ENABLED", deny: {}, conditionConfig: { ipAddressRanges: ranges }, ...("more" in row && row.more) };
  const told = actionWarnings(securityActionSchema.parse(action)).map(({ code, message }) => {
    const [, whom = "", rest = ""] = /^Its ranges hold (.*): (.*)$/.exec(message) ?? [];
    const place = / at [a-z]+/.exec(rest)?.[0] ?? "";
    return `${code === "ACTION_DENIES_MOST" ? "deny" : "allow"} ${whom}${place}`;
  });
  expect(told).toEqual(says);
});

test("ten thousand networks are judged as one by one", () => {
  const ranges = Array.from({ length: 10_000 }, (_, at) => `${at % 200}.${Math.floor(at / 200)}.0.0/16`);
  for (const range of ranges) expect(parsePrefix(range).kind).toBe("prefix");
  const action = { name: "a", state: "ENABLED", deny: {}, conditionConfig: { ipAddressRanges: ranges } };
  expect(actionWarnings(securityActionSchema.parse(action))).toEqual([]);
  const half = { ...action, conditionConfig: { ipAddressRanges: [...ranges.slice(1), "128.0.0.0/1"] } };
  expect(actionWarnings(securityActionSchema.parse(half))).toMatchObject([{ code: "ACTION_DENIES_MOST" }]);
});
