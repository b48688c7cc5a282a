import { fstatSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { Command } from "commander";
import {
  createResolver,
  type Evidence,
  type Explanation,
  escapeText,
  evidenceOfFields,
  type Policy,
  type Providers,
  type Resolution,
} from "wherefrom";
import { CliError, exitCodes } from "../errors.ts";
import { collectHeaders, parseHeader } from "../header-line.ts";
import { switchOption, valueOption } from "../option-values.ts";
import { openOutput, printableJson } from "../output.ts";
import { isPeerAddress } from "../peer-check.ts";
import { readPolicy } from "../policy-text.ts";
import { printExplanation, printResolution } from "../print-resolution.ts";
import { createProgress, type Progress } from "../progress.ts";
import { readProviders } from "../ranges-folder.ts";
import { explanationJson, resolutionJson } from "../resolution-json.ts";
import { resolveLines } from "../resolve-lines.ts";
import { readInput } from "../standard-input.ts";

/** Version of the shape that `--json` writes; it rises when a field changes its meaning or goes. */
const JSON_VERSION = 1;

const EXAMPLES = `
Examples:
  $ wherefrom resolve --peer 10.0.0.1 -H 'X-Forwarded-For: 203.0.113.7, 198.51.100.9'
  $ wherefrom resolve --policy '{"headerIndexAlgorithm":{"ipHeaderName":"X-Forwarded-For","ipHeaderIndex":-2}}' \\
      --peer 10.0.0.1 -H 'X-Forwarded-For: 203.0.113.7, 198.51.100.9' --explain
  $ wherefrom resolve --policy policy.json --peer 2001:db8::1 -H 'Forwarded: for="[2001:db8:7::9]"' --json
  $ echo '{"peer":"10.0.0.1","headers":[["X-Forwarded-For","192.0.2.1"]]}' | wherefrom resolve --jsonl

With --jsonl each line of input is {"peer": TEXT or null, "headers": [[NAME, VALUE], ...], "policy": {...}}; "policy" is optional and
goes before --policy. Line n of the output answers line n of the input; a line that cannot be resolved gives {"error": {...}}.

Exit codes: 0 resolved, also when the policy gives no address; 1 some lines failed; 2 usage or policy; 3 could not run.`;

type ResolveOptions = {
  readonly policy: string;
  readonly ranges?: string;
  readonly peer?: string;
  readonly header?: readonly string[];
  readonly explain?: boolean;
  readonly json?: boolean;
  readonly jsonl?: boolean;
};

/** Adds `wherefrom resolve`: evidence in, resolutions out. It opens no socket. */
export function addResolveCommand(program: Command, exit: (code: number) => void): void {
  program
    .command("resolve")
    .description("Say which client a request is from: evidence in, resolution out")
    .addOption(
      valueOption("--policy <json-or-file>", "the policy: JSON that starts with {, or a JSON file", "WHEREFROM_POLICY").default("{}"),
    )
    .addOption(valueOption("--ranges <folder>", "range files that provider:NAME means; without it what is built in", "WHEREFROM_RANGES"))
    .addOption(valueOption("--peer <address>", "far end of the socket; without it the peer is unknown", "WHEREFROM_PEER"))
    .addOption(
      valueOption("-H, --header <line>", "a header field as 'Name: value'; repeat it, in wire order", "WHEREFROM_HEADER").argParser(
        collectHeaders,
      ),
    )
    .addOption(switchOption("--explain", "say how each hop was judged", "WHEREFROM_EXPLAIN"))
    .addOption(switchOption("--json", "write one JSON object with a version", "WHEREFROM_JSON"))
    .addOption(switchOption("--jsonl", "read one evidence a line from standard input, write one resolution a line", "WHEREFROM_JSONL"))
    .addHelpText("after", EXAMPLES)
    .action(async (options: ResolveOptions) => {
      const providers = await readProviders(options.ranges);
      const policy = readPolicy(options.policy, providers);
      exit(options.jsonl === true ? await resolveStandardInput({ policy, providers }, options) : await resolveFlags(policy, options));
    });
}

async function resolveFlags(policy: Policy, options: ResolveOptions): Promise<number> {
  const evidence = evidenceOfFlags(options);
  const resolver = createResolver(policy);
  const output = openOutput(process.stdout);
  await output.write(`${options.explain === true ? explained(resolver.explain(evidence)) : resolved(resolver.resolve(evidence))}\n`);
  await output.finish();
  return exitCodes.ok;

  function explained(explanation: Explanation): string {
    if (options.json !== true) return printExplanation(explanation);
    return printableJson({ version: JSON_VERSION, ...explanationJson(explanation) });
  }

  function resolved(resolution: Resolution): string {
    if (options.json !== true) return printResolution(resolution);
    return printableJson({ version: JSON_VERSION, ...resolutionJson(resolution) });
  }
}

function evidenceOfFlags({ peer, header }: ResolveOptions): Evidence {
  if (peer !== undefined && !isPeerAddress(peer)) {
    throw new CliError("RESOLVE_PEER_INVALID", `--peer: expected an IP address, given '${escapeText(peer, 80)}'`);
  }
  return evidenceOfFields(peer, (header ?? []).map(parseHeader));
}

type PolicyAndRanges = { readonly policy: Policy; readonly providers: Providers };

async function resolveStandardInput({ policy, providers }: PolicyAndRanges, options: ResolveOptions): Promise<number> {
  if (options.peer !== undefined || options.header !== undefined) {
    throw new CliError(
      "USAGE_OPTION_CONFLICT",
      "--jsonl reads peer and headers from standard input: leave out --peer and -H (WHEREFROM_PEER, WHEREFROM_HEADER)",
    );
  }
  const output = openOutput(process.stdout);
  const { failed } = await resolveLines({
    input: readInput(),
    output,
    policy,
    providers,
    isExplaining: options.explain === true,
    progress: openProgress(),
  });
  await output.finish();
  return failed === 0 ? exitCodes.ok : exitCodes.findings;
}

/** Only for a person who watches a file or a pipe being worked off: answers on the same terminal would tear the line. */
function openProgress(): Progress | undefined {
  if (!process.stderr.isTTY || process.stdout.isTTY || process.stdin.isTTY) return undefined;
  const input = fstatSync(0);
  return createProgress({
    write: (text) => process.stderr.write(text),
    now: () => performance.now(),
    totalBytes: input.isFile() ? input.size : undefined,
  });
}
