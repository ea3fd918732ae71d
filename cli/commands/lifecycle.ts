import { readFile } from "node:fs/promises";
import { text as readAll } from "node:stream/consumers";
import { fromJsonString, type MessageInitShape } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  DryRunLifecycleResponseSchema,
  GetLifecycleRulesResponseSchema,
  LifecycleAction,
  type LifecycleOutcome,
  type LifecycleRule,
  LifecycleService,
  SetLifecycleRulesRequestSchema,
  SetLifecycleRulesResponseSchema,
} from "../../gen/sluice/storage/v1/lifecycle_pb.ts";
import type { Call } from "../command/call.ts";
import { command } from "../command/command.ts";
import { printItems } from "../command/list.ts";
import { flag, text } from "../command/options.ts";
import { usageError } from "../failures/command-error.ts";
import { formatSize } from "../terminal/value.ts";

const pageSize = 1000;

const actionOf = (action: LifecycleAction): string => (action === LifecycleAction.EXPIRE ? "expire" : "cool");

const outcomeColumns = [
  { title: "file", value: ({ file }: LifecycleOutcome) => file?.fileId ?? "" },
  { title: "name", value: ({ file }: LifecycleOutcome) => file?.name ?? "" },
  {
    title: "size",
    align: "right",
    value: ({ file }: LifecycleOutcome) => formatSize(file?.sizeBytes ?? 0n),
  },
  {
    title: "what",
    value: ({ action, held }: LifecycleOutcome) => (held ? "kept (on hold)" : actionOf(action)),
  },
  { title: "rule", value: ({ rule }: LifecycleOutcome) => rule },
  { title: "why", value: ({ reason }: LifecycleOutcome) => reason },
] as const;

const days = (duration: LifecycleRule["minAge"]): string =>
  duration ? `${Math.round((durationMs(duration) / 86_400_000) * 100) / 100} days` : "";

const ruleColumns = [
  { title: "name", value: ({ name }: LifecycleRule) => name },
  { title: "what", value: ({ action }: LifecycleRule) => actionOf(action) },
  { title: "age", align: "right", value: ({ minAge }: LifecycleRule) => days(minAge) },
  { title: "idle", align: "right", value: ({ minIdle }: LifecycleRule) => days(minIdle) },
  { title: "prefix", value: ({ prefix }: LifecycleRule) => prefix },
  { title: "state", value: ({ disabled }: LifecycleRule) => (disabled ? "disabled" : "") },
] as const;

export const lifecycle = command({
  name: "lifecycle",
  summary: "Show or set the rules by which files expire or become cold, or what they would do",
  details:
    "The rules are those of your organisation, which hold in all namespaces, or with --namespace those of one. They run once " +
    "an hour. The file of --set is JSON as the API has it, and - is standard input.",
  options: {
    dryRun: flag("list what the rules would do now, and why, without doing it"),
    namespace: text("name", "rules or files of this namespace"),
    set: text("file", "replace the rules by those of a JSON file"),
  },
  examples: ["lifecycle", "lifecycle --dry-run --namespace lab", "lifecycle --set rules.json"],
  async run(call, _args, { dryRun, namespace = "", set }) {
    if (dryRun && set !== undefined) throw usageError("--dry-run and --set exclude each other");
    if (dryRun) return showDryRun(call, namespace);
    if (set !== undefined) return setRules(call, namespace, await readRules(set));
    const client = await call.client(LifecycleService);
    const response = await client.getLifecycleRules({ namespace }, { signal: call.signal });
    await call.show(GetLifecycleRulesResponseSchema, response, () => showRules(call, response.rules));
  },
});

function showRules(call: Call, rules: readonly LifecycleRule[]): void {
  if (rules.length > 0) printItems(call, ruleColumns, rules);
  else call.terminal.note("There are no rules: files stay as they are.");
}

/** With `--json`, each page is a line. */
async function showDryRun(call: Call, namespace: string): Promise<void> {
  const client = await call.client(LifecycleService);
  const outcomes: LifecycleOutcome[] = [];
  let pageToken = "";
  do {
    const page = await client.dryRunLifecycle({ namespace, pageSize, pageToken }, { signal: call.signal });
    if (call.json) await call.show(DryRunLifecycleResponseSchema, page, () => {});
    else outcomes.push(...page.outcomes);
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
  if (call.json) return;
  if (outcomes.length > 0) printItems(call, outcomeColumns, outcomes);
  else call.terminal.note("The rules would do nothing now.");
}

type Rules = MessageInitShape<typeof SetLifecycleRulesRequestSchema>["rules"];

async function readRules(path: string): Promise<Rules> {
  const json = path === "-" ? await readAll(process.stdin) : await readFile(path, "utf8");
  try {
    // Both the list itself and what the command prints with --json.
    const whole = json.trimStart().startsWith("[") ? `{"rules": ${json}}` : json;
    return fromJsonString(SetLifecycleRulesRequestSchema, whole).rules;
  } catch (error) {
    throw usageError(
      `${path} has no rules: ${error instanceof Error ? error.message : String(error)}`,
      'write a list such as [{"name": "old", "action": "LIFECYCLE_ACTION_EXPIRE", "minAge": "2592000s"}]',
    );
  }
}

async function setRules(call: Call, namespace: string, rules: Rules): Promise<void> {
  const client = await call.client(LifecycleService);
  const request = { namespace, ...(rules && { rules }) };
  const response = await client.setLifecycleRules(request, { signal: call.signal });
  await call.show(SetLifecycleRulesResponseSchema, response, () => showRules(call, response.rules));
}
