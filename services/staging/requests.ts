import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { Db } from "../lib/database.ts";
import type { Scope } from "../lib/guard.ts";
import { type OnceCall, once } from "../lib/idempotency.ts";
import { requests } from "./schema.ts";

/** `once` over the answers that staging remembers. */
export const onceRequested = <I extends DescMessage, O extends DescMessage>(
  db: Db,
  scope: Scope,
  call: OnceCall<I, O>,
  work: (tx: Db) => Promise<MessageShape<O>>,
): Promise<MessageShape<O>> => once(db, scope, requests, call, work);
