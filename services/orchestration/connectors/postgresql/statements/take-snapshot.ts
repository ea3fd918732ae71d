import { checkReply } from "../../sql/check-reply.ts";
import { snapshotReply } from "../catalog/replies.ts";
import type { Execute } from "../session/session.ts";

/** Exports the snapshot of the session. It idles while the snapshot is used, so the server's idle timeouts are off. */
const exportSnapshot = `select pg_export_snapshot() as name
  , floor(extract(epoch from clock_timestamp()) * 1000)::text as time
  , (select count(set_config(name, '0', true)) from pg_settings
    where name in ('idle_in_transaction_session_timeout', 'transaction_timeout'))`;

export async function takeSnapshot(execute: Execute): Promise<{ name: string; time: Date }> {
  const [row] = await execute(exportSnapshot);
  return checkReply(snapshotReply, row, "snapshot");
}
