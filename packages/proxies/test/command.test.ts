import { expect, test } from "vitest";
import { notationOf } from "../src/notation.ts";
import { readConfig } from "../src/read-config.ts";

test.each([
  { line: "web: uvicorn app:app", client: "first untrusted from the right of X-Forwarded-For, from 127.0.0.1/32", finds: [] },
  { line: "python3 -m uvicorn app:app --no-proxy-headers", client: "peer", finds: [] },
  {
    line: "uvicorn app:app --forwarded-allow-ips '*'",
    client: "leftmost of X-Forwarded-For, from everybody",
    finds: ["FINDING_TRUSTS_EVERYONE"],
  },
  {
    line: "ExecStart=/usr/bin/env FORWARDED_ALLOW_IPS=* uvicorn app:app",
    client: "leftmost of X-Forwarded-For, from everybody",
    finds: ["FINDING_TRUSTS_EVERYONE"],
  },
  {
    line: 'CMD ["uvicorn", "--forwarded-allow-ips=10.0.0.1, 10.1.0.0/16", "app:app"]',
    client: "first untrusted from the right of X-Forwarded-For, from 10.0.0.1/32 10.1.0.0/16",
    finds: [],
  },
  // in the exec form no shell takes the inner quotes away, and they match nobody
  { line: `CMD ["uvicorn", "--forwarded-allow-ips", "'*'", "app:app"]`, client: "? ('*')", finds: ["FINDING_TRUST_UNKNOWN"] },
  {
    line: "uvicorn app:app \\\n  --forwarded-allow-ips 10.0.0.1",
    client: "first untrusted from the right of X-Forwarded-For, from 10.0.0.1/32",
    finds: [],
  },
])("$line", ({ line, client, finds }) => {
  const { kind, passages, findings } = readConfig({ name: "start.sh", text: `# uvicorn x:y\n${line}\n` });
  expect({ kind, says: passages.map(notationOf), finds: findings.map(({ code }) => code) }).toEqual({
    kind: "command",
    says: [`peer -> client = ${client}`],
    finds,
  });
});

test("a line that starts another server is told, and not read", () => {
  const lines = [
    "uvicorn a:b",
    "daphne -b 0.0.0.0 --proxy-headers a:b",
    'CMD ["fastapi", "run", "main.py"]',
    "exec env X=1 /usr/bin/waitress-serve --trusted-proxy '*' a:b",
    // these start none
    "RUN pip install hypercorn",
    "echo this is how one would have to start granian",
  ];
  const { issues } = readConfig({ name: "start.sh", text: lines.join("\n") }, { kind: "command" });
  expect(issues.map(({ code, place, given }) => `${code} ${place.line}: ${given}`)).toEqual([
    "CONFIG_NOT_UNDERSTOOD 2: daphne -b 0.0.0.0 --proxy-headers a:b",
    "CONFIG_NOT_UNDERSTOOD 3: fastapi run main.py",
    "CONFIG_NOT_UNDERSTOOD 4: /usr/bin/waitress-serve --trusted-proxy * a:b",
  ]);
});
