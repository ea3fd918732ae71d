import { Counter } from "prom-client";
import type { Db } from "../../lib/database/database.ts";
import type { Logger } from "../../lib/telemetry/log.ts";
import { registry } from "../../lib/telemetry/metrics.ts";
import { takeUnreported } from "./event-repository.ts";

const counted = new Counter({
  name: "sluice_storage_quota_events_total",
  help: "Soft limits that were reached (warn_bytes, warn_files), and counters that a recount found wrong (drift).",
  labelNames: ["kind"],
  registers: [registry],
});

/** Logs and counts committed events, each in one process. */
export async function reportEvents({ db, log }: { readonly db: Db; readonly log: Logger }): Promise<void> {
  for (const {
    kind,
    orgId,
    namespace,
    usedBytes,
    usedFiles,
    reservedBytes,
    reservedFiles,
  } of await takeUnreported(db)) {
    counted.inc({ kind });
    const fields = { kind, org: orgId, namespace, usedBytes, usedFiles, reservedBytes, reservedFiles };
    if (kind === "drift") log.error(fields, "a recount has corrected the usage: its counters were wrong");
    else log.warn(fields, "the usage has reached a soft limit of its quota");
  }
}
