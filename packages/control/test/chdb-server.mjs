// As much of ClickHouse's HTTP as its client needs, in front of chdb, which is a current ClickHouse as a library. Writes its port as a line.
// usage: node chdb-server.mjs CHDB_PACKAGE DATA_FOLDER
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const [chdb = "", folder = ""] = process.argv.slice(2);
const { Session } = createRequire(import.meta.url)(chdb);
const session = new Session(join(folder, "data"));
let inserts = 0;

const server = createServer(async (request, response) => {
  const parameters = new URL(String(request.url), "http://server").searchParams;
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    response.end(answer(parameters, Buffer.concat(chunks)));
  } catch (error) {
    const text = String(error);
    response.writeHead(500, { "x-clickhouse-exception-code": /Code: (\d+)/.exec(text)?.[1] ?? "0" }).end(text);
  }
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${/** @type {{ port: number }} */ (server.address()).port}\n`));

/**
 * @param {URLSearchParams} parameters
 * @param {Buffer} body the statement, or the rows of the one in the parameters
 * @returns {string}
 */
function answer(parameters, body) {
  session.query(`USE ${parameters.get("database") ?? "default"}`);
  for (const [name, value] of parameters) if (name.startsWith("max_")) session.query(`SET ${name} = ${Number(value)}`);
  const insert = /^INSERT INTO (\w+) FORMAT RowBinary$/.exec(parameters.get("query") ?? "");
  if (insert === null) {
    const { statement = "", format = "TSV" } = /^(?<statement>.*?)(?:\s+FORMAT (?<format>\w+)\s*)?$/s.exec(body.toString())?.groups ?? {};
    return session.query(statement, format);
  }
  inserts += 1;
  const file = join(folder, `rows-${inserts}`);
  writeFileSync(file, body);
  session.query(`INSERT INTO ${insert[1]} SELECT * FROM file('${file}', 'RowBinary')`);
  rmSync(file);
  return "";
}
