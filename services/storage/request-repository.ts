import { and, eq, gt, sql } from "drizzle-orm";
import { FileService, type UploadFileResponse } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Db } from "../lib/database/database.ts";
import { onceByHash, onceIn } from "../lib/database/idempotency.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { requests } from "./schema.ts";

/** `once` with storage's table of remembered responses. */
export const onceRequested = onceIn(requests);

/** Shorter than the 24 hours for which responses are kept, so that one found here still exists when the content has arrived. */
const surelyRemembered = sql`now() - interval '23 hours'`;

const method = FileService.method.uploadFile;

/** Whether an upload with this request id was committed before. */
export async function isUploadRepeated(db: Db, scope: Scope, requestId: string): Promise<boolean> {
  if (requestId === "") return false;
  const rows = await db
    .select({ requestId: requests.requestId })
    .from(requests)
    .where(
      and(
        eq(requests.orgId, scope.orgId),
        eq(requests.method, method.name),
        eq(requests.requestId, requestId),
        gt(requests.createTime, surelyRemembered),
      ),
    );
  return rows.length > 0;
}

/** Commits an upload once per request id. `requestSha256` covers the header and the content. */
export function onceUploaded(
  db: Db,
  scope: Scope,
  { requestId, requestSha256 }: { requestId: string; requestSha256: Uint8Array },
  work: (tx: Db) => Promise<UploadFileResponse>,
): Promise<UploadFileResponse> {
  return onceByHash(db, scope, requests, { method, requestId, requestSha256 }, work);
}
