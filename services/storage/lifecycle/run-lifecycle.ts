import { Counter } from "prom-client";
import type { Db } from "../../lib/database/database.ts";
import { everywhere } from "../../lib/database/scope.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { registry } from "../../lib/telemetry/metrics.ts";
import type { Tiers } from "../tier/tiers.ts";
import { expireFiles } from "./expire-files.ts";
import { listMatches, type Match } from "./match-repository.ts";
import { listOrgsWithRules, listRules } from "./rule-repository.ts";

/** Queue of the runs of all rules. */
export const lifecycleQueue = "lifecycle";

type LifecycleDeps = { readonly db: Db; readonly log: Logger; readonly tiers: Tiers };

/** Files per query, and per transaction that removes some. */
const batchMax = 200;
const firstId = "00000000-0000-0000-0000-000000000000";

const counted = new Counter({
  name: "sluice_storage_lifecycle_files_total",
  help: "Files that rules have removed (expire) or moved to the cold tier (cool), and those that failed.",
  labelNames: ["action", "result"],
  registers: [registry],
});

/** Applies the rules of all organisations. It can run again at any time: what it has done matches no rule any more. */
export async function runLifecycle(deps: LifecycleDeps, signal: AbortSignal): Promise<void> {
  await deps.tiers.completeMoves();
  for (const orgId of await listOrgsWithRules(deps.db)) await runOrg(deps, orgId, signal);
}

async function runOrg(deps: LifecycleDeps, orgId: string, signal: AbortSignal): Promise<void> {
  const { db, log } = deps;
  const owner = everywhere({ orgId });
  const rules = await listRules(db, owner);
  let expired = 0;
  let cooled = 0;
  for (let afterId = firstId; ; ) {
    signal.throwIfAborted();
    const matches = await listMatches(db, owner, rules, { afterId, limit: batchMax, withHeld: false });
    const last = matches.at(-1);
    if (!last) break;
    expired += await expire(deps, orgId, matches);
    for (const match of matches.filter(({ rule }) => rule.action === "cool")) {
      signal.throwIfAborted();
      cooled += await cool(deps, match);
    }
    afterId = last.file.fileId;
  }
  if (expired + cooled > 0) log.info({ org: orgId, expired, cooled }, "lifecycle rules have run");
}

async function expire({ db }: LifecycleDeps, orgId: string, matches: readonly Match[]): Promise<number> {
  const rules = new Set(matches.map(({ rule }) => rule).filter(({ action }) => action === "expire"));
  let expired = 0;
  for (const rule of rules) {
    const fileIds = matches.filter((match) => match.rule === rule).map(({ file }) => file.fileId);
    expired += await expireFiles(db, orgId, rule, fileIds);
  }
  counted.inc({ action: "expire", result: "done" }, expired);
  return expired;
}

/** Damaged content and a full disk must not stop the rules. Returns the number of moved files. */
async function cool({ tiers, log }: LifecycleDeps, { file, rule }: Match): Promise<number> {
  try {
    await tiers.cool(file);
    counted.inc({ action: "cool", result: "done" });
    return 1;
  } catch (error) {
    counted.inc({ action: "cool", result: "failed" });
    log.warn({ err: error, file: file.fileId, rule: rule.name }, "a file was not moved to the cold tier");
    return 0;
  }
}
