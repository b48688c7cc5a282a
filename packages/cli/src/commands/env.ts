import type { Command } from "commander";
import { addApiOptions } from "../api/target.ts";
import { addFactsOptions } from "../facts-flags.ts";
import { collectHeaders } from "../header-line.ts";
import { parseCount, parseDuration, parseHttpUrl, switchOption, valueOption } from "../option-values.ts";
import { withDocumentOptions } from "./doctor/report-options.ts";
import { explainEnvironment } from "./env/explain.ts";
import { rollbackEnvironment, showHistory } from "./env/history.ts";
import { addIncidentsCommand } from "./env/incidents.ts";
import { previewEnvironment } from "./env/preview.ts";
import { getEnvironment, listEnvironments } from "./env/read.ts";
import { endRollout, showRollout } from "./env/rollout.ts";
import { showStats } from "./env/stats.ts";
import { applyPolicy, createEnvironment, deleteEnvironment, deleteEvents, setEnvironment } from "./env/write.ts";

const EXAMPLES = `
Examples:
  $ wherefrom env list
  $ wherefrom env set prod --policy policy.json --reason 'A second proxy'
  $ wherefrom env preview prod --policy policy.json --evidence traffic.jsonl
  $ wherefrom env history prod
  $ wherefrom env rollback prod 7
  $ wherefrom env rollout prod --watch

The name of the environment may be left out when WHEREFROM_ENVIRONMENT or the profile has one.`;

const LIST_EXAMPLES = `
Examples:
  $ wherefrom env list
  $ wherefrom env list --profile prod --json`;

const GET_EXAMPLES = `
Examples:
  $ wherefrom env get prod
  $ wherefrom env get prod --json | jq .environment.clientIpResolutionConfig`;

const CREATE_EXAMPLES = `
Examples:
  $ wherefrom env create test
  $ wherefrom env create prod --policy policy.json --description 'Behind two proxies'`;

const DELETE_EXAMPLES = `
Examples:
  $ wherefrom env delete test
  $ wherefrom env delete test --if-match '"r7"'

Its gateways go on with what they run. Its versions stay, and wherefrom env rollback test brings it back.`;

const SET_EXAMPLES = `
Examples:
  $ wherefrom env set prod --description 'Behind two proxies'
  $ wherefrom env set prod --policy '{"headerIndexAlgorithm":{"ipHeaderName":"X-Forwarded-For","ipHeaderIndex":-2}}'
  $ wherefrom env set prod --policy '{}' --if-match '"r7"'
  $ wherefrom env set prod --policy policy.json --share 10     # a tenth of the gateways try it first
  $ wherefrom env set prod --rollout '{"share":10,"watch":"120s","maxFallbackRise":0.02,"minRequests":500}'

What is not named keeps its value. The policy {} clears the policy. With --rollout every change is tried first; --share 100 gives one to
all at once.`;

const APPLY_EXAMPLES = `
Examples:
  $ wherefrom env preview prod --policy policy.json --evidence traffic.jsonl     # prints the tag
  $ wherefrom env apply prod --policy policy.json --preview '"p7-0123456789abcdef01234567"'

It goes through only if the policy is the one that was previewed and nobody changed the environment since.`;

const EXPLAIN_EXAMPLES = `
Examples:
  $ wherefrom env explain prod --peer 10.0.0.1 -H 'X-Forwarded-For: 203.0.113.7, 198.51.100.9'
  $ wherefrom env explain prod --peer 10.0.0.1 -H 'X-Forwarded-For: 203.0.113.7' --policy policy.json`;

const DIAGNOSE_EXAMPLES = `
Examples:
  $ wherefrom env diagnose prod
  $ wherefrom env diagnose prod --probe outside.json --facts '{"cmp.otherServiceReal": true}'
  $ wherefrom env diagnose prod --echo https://service.example/.wherefrom-4c1f0a9e7d2b     # control probes it
  $ wherefrom env diagnose prod --facts facts.json --format html --language zh > report.html

Control joins what it knows: whom the policy believes, and whether its gateways fall back. What is given goes before that; a signal that is
null is not known.

Exit codes: 0 ranked, also when it is undecided; 2 usage, or facts that are none; 3 could not run.`;

const PREVIEW_EXAMPLES = `
Examples:
  $ wherefrom env preview prod --policy policy.json --evidence traffic.jsonl
  $ wherefrom env preview prod --policy policy.json --evidence - --json < traffic.jsonl
  $ wherefrom env preview prod --policy policy.json --recorded 6h     # what really happened

Each line of the evidence is {"peer": TEXT or null, "headers": [[NAME, VALUE], ...]}, as wherefrom resolve --jsonl takes it; a policy on a
line is passed over. With --recorded it is what control has kept of the requests of that time, and security actions are judged too. With
neither only the policies are compared.

Exit codes: 0 nothing changes; 1 some requests change, or advice is added; 2 usage; 3 could not run, or no request could be judged: with --json
"judged" is false then, and "notJudgedReason" says why.`;

const STATS_EXAMPLES = `
Examples:
  $ wherefrom env stats prod --by ax_resolved_client_ip --top 20
  $ wherefrom env stats prod --by apiproxy,response_status_code --last 1d --filter '(response_status_code ge 400)'
  $ wherefrom env stats prod --select 'sum(message_count),avg(total_response_time)' --last 6h --time-unit hour
  $ wherefrom env stats prod --by trust --range '11/25/2026 00:00~11/26/2026 00:00' --json

Without --by everything is one group. Dimensions, metrics and filters are those of Apigee's stats.`;

const FIT_EXAMPLES = `
Examples:
  $ wherefrom env fit prod
  $ wherefrom env fit prod --json | jq .fit.findings
  $ wherefrom env fit prod --format html --language ja > fit.html

Exit codes: 0 nothing speaks against the policy, or there are too few requests to say; 1 it does not fit; 2 usage; 3 could not run.`;

const DELETE_EVENTS_EXAMPLES = `
Examples:
  $ wherefrom env delete-events prod --address 203.0.113.7

It deletes what control has. A gateway that was away may still deliver some: then do it again.`;

const HISTORY_EXAMPLES = `
Examples:
  $ wherefrom env history prod
  $ wherefrom env history prod --revision 7
  $ wherefrom env history prod --revision 7 --from 3`;

const ROLLBACK_EXAMPLES = `
Examples:
  $ wherefrom env rollback prod
  $ wherefrom env rollback prod 7
  $ wherefrom env rollback prod 7 --reason 'Address of the balancer was counted'

It makes a new revision that holds what the old one held, routes too, for every gateway at once. Without a number it is the newest of which
policy or routes differ from those that stand. A deleted environment comes back that way, as it stood.`;

const ROLLOUT_EXAMPLES = `
Examples:
  $ wherefrom env rollout prod
  $ wherefrom env rollout prod --watch
  $ wherefrom env rollout prod --json | jq .rollout.gateways

Exit codes: 0 every gateway that is heard of runs the newest revision; 1 not yet; 2 usage; 3 could not run.`;

const PROMOTE_EXAMPLES = `
Examples:
  $ wherefrom env promote prod`;

const ABORT_EXAMPLES = `
Examples:
  $ wherefrom env abort prod --reason 'Too many fallbacks'`;

const DEFAULT_LIMIT = 20;
const DEFAULT_SAMPLES = 5;
const DEFAULT_SELECT = "sum(message_count),sum(is_error),avg(total_response_time)";
const HOUR_MS = 3_600_000;

type Exit = (code: number) => void;

/** Adds `wherefrom env`: environments of the management API. */
export function addEnvCommand(program: Command, exit: Exit): void {
  const env = program.command("env").description("Show and change environments").addHelpText("after", EXAMPLES);
  const add = (
    name: string,
    { description, examples, isWriting = false }: { description: string; examples: string; isWriting?: boolean },
  ) => addApiOptions(env.command(name).description(description), isWriting).addHelpText("after", examples);
  const policy = () => valueOption("--policy <json-or-file>", "the policy: JSON that starts with {, or a JSON file", "WHEREFROM_POLICY");
  add("list", { description: "List the environments", examples: LIST_EXAMPLES }).action(listEnvironments);
  add("get", { description: "Show an environment", examples: GET_EXAMPLES }).argument("[name]", "the environment").action(getEnvironment);
  const displayName = () => valueOption("--display-name <text>", "the name for people", "WHEREFROM_DISPLAY_NAME");
  const description = () => valueOption("--description <text>", "what it is for", "WHEREFROM_DESCRIPTION");
  add("create", { description: "Make an environment", examples: CREATE_EXAMPLES, isWriting: true })
    .argument("<name>", "what it is called")
    .addOption(policy())
    .addOption(displayName())
    .addOption(description())
    .action(createEnvironment);
  add("delete", { description: "Delete an environment", examples: DELETE_EXAMPLES, isWriting: true })
    .argument("<name>", "the environment")
    .addOption(valueOption("--if-match <tag>", "only if this version stands now", "WHEREFROM_IF_MATCH"))
    .action(deleteEnvironment);
  add("set", { description: "Change what is named of an environment", examples: SET_EXAMPLES, isWriting: true })
    .argument("[name]", "the environment")
    .addOption(policy())
    .addOption(displayName())
    .addOption(description())
    .addOption(valueOption("--rollout <json>", 'how changes get to the gateways: {"share":100} to all at once', "WHEREFROM_ROLLOUT"))
    .addOption(
      valueOption(
        "--event-settings <json>",
        'how events are kept: {"addresses":"TRUNCATED","retentionDays":7}',
        "WHEREFROM_EVENT_SETTINGS",
      ),
    )
    .addOption(
      valueOption("--abuse-settings <json>", 'how abusers are looked for: {"exclusions":["198.51.100.0/24"]}', "WHEREFROM_ABUSE_SETTINGS"),
    )
    .addOption(valueOption("--share <percent>", "gateways that try this change first", "WHEREFROM_SHARE").argParser(parseCount))
    .addOption(valueOption("--if-match <tag>", "change only this version of it", "WHEREFROM_IF_MATCH"))
    .action(setEnvironment);
  add("explain", { description: "Say how an environment resolves a request", examples: EXPLAIN_EXAMPLES })
    .argument("[name]", "the environment")
    .addOption(valueOption("--peer <address>", "far end of the socket; without it the peer is unknown", "WHEREFROM_PEER"))
    .addOption(
      valueOption("-H, --header <line>", "a header field as 'Name: value'; repeat it, in wire order", "WHEREFROM_HEADER").argParser(
        collectHeaders,
      ),
    )
    .addOption(policy())
    .action(explainEnvironment);
  withDocumentOptions(addFactsOptions(add("diagnose", { description: "Rank the causes of a wrong address", examples: DIAGNOSE_EXAMPLES })))
    .addOption(
      valueOption("--echo <url>", "let control probe this echo first, where it may, and join what it finds", "WHEREFROM_ECHO").argParser(
        parseHttpUrl,
      ),
    )
    .argument("[name]", "the environment")
    // loaded when it is asked for: it brings the doctor with it
    .action(async (name, options) => exit(await (await import("./env/diagnose.ts")).diagnoseEnvironment(name, options)));
  withDocumentOptions(add("fit", { description: "Say whether the policy fits recent traffic", examples: FIT_EXAMPLES }))
    .argument("[name]", "the environment")
    .action(async (name, options) => exit(await (await import("./env/fit.ts")).showFit(name, options)));
  add("stats", { description: "Show metrics over the events of an environment", examples: STATS_EXAMPLES })
    .argument("[name]", "the environment")
    .addOption(valueOption("--by <dimensions>", "what to group by, joined by commas", "WHEREFROM_BY"))
    .addOption(valueOption("--select <metrics>", "functions of metrics, joined by commas", "WHEREFROM_SELECT").default(DEFAULT_SELECT))
    .addOption(
      valueOption("--last <duration>", "the time until now: 30s, 15m, 6h, 7d", "WHEREFROM_LAST")
        .argParser(parseDuration)
        .default(HOUR_MS, "1h"),
    )
    .addOption(valueOption("--range <range>", "START~END in UTC, each MM/DD/YYYY HH:MM; in place of --last", "WHEREFROM_RANGE"))
    .addOption(valueOption("--time-unit <unit>", "values of each second, minute, hour, day, week or month", "WHEREFROM_TIME_UNIT"))
    .addOption(valueOption("--tzo <minutes>", "how far the place of the time unit is ahead of UTC", "WHEREFROM_TZO"))
    .addOption(valueOption("--filter <filter>", "which events count", "WHEREFROM_FILTER"))
    .addOption(valueOption("--sort-by <metrics>", "metrics of --select; default: the first", "WHEREFROM_SORT_BY"))
    .addOption(switchOption("--ascending", "the least first", "WHEREFROM_ASCENDING"))
    .addOption(valueOption("--top <count>", "how many groups", "WHEREFROM_TOP").argParser(parseCount))
    .action(showStats);
  addIncidentsCommand(env);
  add("delete-events", { description: "Delete the events that name an address", examples: DELETE_EVENTS_EXAMPLES, isWriting: true })
    .argument("[name]", "the environment")
    .addOption(valueOption("--address <address>", "the address, in any spelling", "WHEREFROM_ADDRESS").makeOptionMandatory())
    .action(deleteEvents);
  add("preview", { description: "Say what a policy would change", examples: PREVIEW_EXAMPLES })
    .argument("[name]", "the environment")
    .addOption(policy().makeOptionMandatory())
    .addOption(valueOption("--evidence <file>", "requests to try it on, one a line; - for standard input", "WHEREFROM_EVIDENCE"))
    .addOption(
      valueOption("--recorded <duration>", "try it on what was recorded in the time until now: 15m, 6h, 7d", "WHEREFROM_RECORDED")
        .argParser(parseDuration)
        .conflicts("evidence"),
    )
    .addOption(
      valueOption("--samples <count>", "samples of each kind of change", "WHEREFROM_SAMPLES")
        .argParser(parseCount)
        .default(DEFAULT_SAMPLES),
    )
    .action(async (name, options) => exit(await previewEnvironment(name, options)));
  add("apply", { description: "Set the policy that was previewed", examples: APPLY_EXAMPLES, isWriting: true })
    .argument("[name]", "the environment")
    .addOption(policy().makeOptionMandatory())
    .addOption(valueOption("--preview <tag>", "the tag that the preview gave", "WHEREFROM_PREVIEW").makeOptionMandatory())
    .action(applyPolicy);
  add("history", { description: "Show the versions of an environment", examples: HISTORY_EXAMPLES })
    .argument("[name]", "the environment")
    .addOption(valueOption("--limit <count>", "how many versions", "WHEREFROM_LIMIT").argParser(parseCount).default(DEFAULT_LIMIT))
    .addOption(valueOption("--revision <number>", "show what this version changed", "WHEREFROM_REVISION").argParser(parseCount))
    .addOption(
      valueOption("--from <number>", "compare it with this version, not with the one before", "WHEREFROM_FROM").argParser(parseCount),
    )
    .action(showHistory);
  add("rollout", { description: "Show which gateway runs what", examples: ROLLOUT_EXAMPLES })
    .argument("[name]", "the environment")
    .addOption(switchOption("--watch", "look again until it is done", "WHEREFROM_WATCH"))
    .action(async (name, options) => exit(await showRollout(name, options)));
  for (const [verb, description, examples] of [
    ["promote", "Give what some gateways try to all", PROMOTE_EXAMPLES],
    ["abort", "Bring back what stood before some gateways tried another", ABORT_EXAMPLES],
  ] as const) {
    add(verb, { description, examples, isWriting: true })
      .argument("[name]", "the environment")
      .addOption(valueOption("--if-match <tag>", "only if this version is the one that is tried", "WHEREFROM_IF_MATCH"))
      .action((name, options) => endRollout(verb, name, options));
  }
  add("rollback", { description: "Bring an earlier version back", examples: ROLLBACK_EXAMPLES, isWriting: true })
    .argument("[name-or-revision]", "the environment; or the version, when the environment is known")
    .argument("[revision]", "the version to bring back; without it the one before")
    .addOption(valueOption("--if-match <tag>", "only if this version stands now", "WHEREFROM_IF_MATCH"))
    .action(rollbackEnvironment);
}
