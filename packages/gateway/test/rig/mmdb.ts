/** What a database says of a network: texts, numbers, and maps of them. */
export type MmdbValue = string | number | { readonly [name: string]: MmdbValue };

type Node = { left: Node | MmdbValue | undefined; right: Node | MmdbValue | undefined; readonly isNode: true };

const newNode = (): Node => ({ left: undefined, right: undefined, isNode: true });
const isNode = (at: Node | MmdbValue | undefined): at is Node => typeof at === "object" && "isNode" in at;

const RECORD_BYTES = 4;
const SEPARATOR_BYTES = 16;

/**
 * Writes a database as MaxMind's format 2.0 has it, with records of 32 bits: a tree of the bits of IPv6 addresses, in which IPv4 stands below `::/96`. Networks
 * must be apart.
 *
 * Source: MaxMind DB File Format Specification 2.0.
 */
export function writeMmdb(networks: Readonly<Record<string, MmdbValue>>): Buffer {
  const root = newNode();
  for (const [network, value] of Object.entries(networks)) plant(root, bitsOf(network), value);
  const nodes: Node[] = [];
  const number = (node: Node): void => {
    nodes.push(node);
    for (const next of [node.left, node.right]) if (isNode(next)) number(next);
  };
  number(root);
  const data: Buffer[] = [];
  let dataBytes = 0;
  const place = (next: Node | MmdbValue | undefined): number => {
    if (next === undefined) return nodes.length;
    if (isNode(next)) return nodes.indexOf(next);
    const at = dataBytes;
    const written = encode(next);
    data.push(written);
    dataBytes += written.length;
    return nodes.length + SEPARATOR_BYTES + at;
  };
  const tree = Buffer.alloc(nodes.length * 2 * RECORD_BYTES);
  nodes.forEach((node, index) => {
    tree.writeUInt32BE(place(node.left), index * 2 * RECORD_BYTES);
    tree.writeUInt32BE(place(node.right), index * 2 * RECORD_BYTES + RECORD_BYTES);
  });
  const metadata = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_764_000_000,
    database_type: "Test",
    ip_version: 6,
    node_count: nodes.length,
    record_size: RECORD_BYTES * 8,
  });
  return Buffer.concat([tree, Buffer.alloc(SEPARATOR_BYTES), ...data, Buffer.from("\xab\xcd\xefMaxMind.com", "latin1"), metadata]);
}

function plant(root: Node, bits: string, value: MmdbValue): void {
  let node = root;
  for (const bit of bits.slice(0, -1)) {
    const side = bit === "0" ? "left" : "right";
    const next = node[side];
    const found = isNode(next) ? next : newNode();
    node[side] = found;
    node = found;
  }
  node[bits.at(-1) === "0" ? "left" : "right"] = value;
}

function bitsOf(network: string): string {
  const [address = "", length] = network.split("/");
  if (!address.includes(":")) {
    const bits = address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
    return "0".repeat(96) + bits.slice(0, Number(length));
  }
  const [left = "", right = ""] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const gap = new Array<string>(8 - groups(left).length - groups(right).length).fill("0");
  const bits = [...groups(left), ...gap, ...groups(right)].map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0"));
  return bits.join("").slice(0, Number(length));
}

/** Texts below 29 bytes, numbers of 32 bits, maps below 29 entries. */
function encode(value: MmdbValue): Buffer {
  if (typeof value === "string") return Buffer.concat([Buffer.from([(2 << 5) | Buffer.byteLength(value)]), Buffer.from(value)]);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([Buffer.from([(6 << 5) | 4]), bytes]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([Buffer.from([(7 << 5) | entries.length]), ...entries.flatMap(([name, item]) => [encode(name), encode(item)])]);
}
