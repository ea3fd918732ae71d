import { createHash } from "node:crypto";
import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { Code, type ConnectError } from "@connectrpc/connect";
import { and, eq, lt, sql } from "drizzle-orm";
import { type PgSchema, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../rpc/errors.ts";
import type { Scope } from "../rpc/guard.ts";
import { bytea } from "./bytea.ts";
import type { Db } from "./database.ts";

/** Retention of stored responses. */
const remembered = sql`now() - interval '24 hours'`;

/** A service's table of responses by request id. Export it from the service's schema.ts. */
export function requestsTable(schema: PgSchema) {
  return schema.table(
    "requests",
    {
      orgId: uuid("org_id").notNull(),
      method: text("method").notNull(),
      requestId: uuid("request_id").notNull(),
      requestSha256: bytea("request_sha256").notNull(),
      response: bytea("response"),
      createTime: timestamp("create_time", { withTimezone: true }).notNull().defaultNow(),
    },
    (table) => [primaryKey({ columns: [table.orgId, table.method, table.requestId] })],
  );
}

type RequestsTable = ReturnType<typeof requestsTable>;

/** A method and a request that may have a request id. */
export type OnceCall<I extends DescMessage, O extends DescMessage> = {
  method: { name: string; input: I; output: O };
  request: MessageShape<I> & { requestId: string };
};

/**
 * Runs `work` once per request id. A second call with the same id and request gets the first response, also while the
 * first still runs. The transaction of `work` also stores the response. Without a request id `work` just runs.
 */
async function once<I extends DescMessage, O extends DescMessage>(
  db: Db,
  scope: Scope,
  table: RequestsTable,
  call: OnceCall<I, O>,
  work: (tx: Db) => Promise<MessageShape<O>>,
): Promise<MessageShape<O>> {
  const { method, request } = call;
  if (request.requestId === "") return db.transaction(work);
  const requestSha256 = createHash("sha256").update(toBinary(method.input, request)).digest();
  return onceByHash(db, scope, table, { method, requestId: request.requestId, requestSha256 }, work);
}

/** `once` bound to a table, for handlers, which may not import tables. */
export const onceIn =
  (table: RequestsTable) =>
  <I extends DescMessage, O extends DescMessage>(
    db: Db,
    scope: Scope,
    call: OnceCall<I, O>,
    work: (tx: Db) => Promise<MessageShape<O>>,
  ): Promise<MessageShape<O>> =>
    once(db, scope, table, call, work);

/**
 * As `once`, for a request identified by a given hash, such as that of a stream. With `formerSha256`, responses stored
 * under that hash of the same request are found as well.
 */
export function onceByHash<O extends DescMessage>(
  db: Db,
  scope: Scope,
  table: RequestsTable,
  call: {
    method: { name: string; output: O };
    requestId: string;
    requestSha256: Uint8Array;
    formerSha256?: Uint8Array | undefined;
  },
  work: (tx: Db) => Promise<MessageShape<O>>,
): Promise<MessageShape<O>> {
  const { requestId, requestSha256, formerSha256 = requestSha256 } = call;
  const key = { orgId: scope.orgId, method: call.method.name, requestId };
  const same = and(eq(table.orgId, key.orgId), eq(table.method, key.method), eq(table.requestId, requestId));
  return db.transaction(async (tx) => {
    await tx.delete(table).where(and(eq(table.orgId, key.orgId), lt(table.createTime, remembered)));
    // This insert waits for a running call with the same id to commit or fail.
    const inserted = await tx
      .insert(table)
      .values({ ...key, requestSha256 })
      .onConflictDoNothing()
      .returning({ requestId: table.requestId });
    if (inserted.length === 0) {
      const [known] = await tx.select().from(table).where(same);
      const stored = Buffer.from(known?.requestSha256 ?? []);
      if (!known?.response || !(stored.equals(requestSha256) || stored.equals(formerSha256))) {
        throw requestIdReused(requestId);
      }
      return fromBinary(call.method.output, known.response);
    }
    const response = await work(tx);
    await tx
      .update(table)
      .set({ response: toBinary(call.method.output, response) })
      .where(same);
    return response;
  });
}

function requestIdReused(requestId: string): ConnectError {
  return failure(
    Code.AlreadyExists,
    ErrorReason.REQUEST_ID_REUSED,
    `request_id ${requestId} was used for another request`,
    { requestId },
  );
}
