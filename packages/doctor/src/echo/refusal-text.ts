/** The answer of an echo on a connection that Node writes no response to. `fields` are those that say that an echo answered, and no proxy on the way. */
export function refusalText(status: string, fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ ...fields, Connection: "close", "Content-Length": "0" }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`;
}
