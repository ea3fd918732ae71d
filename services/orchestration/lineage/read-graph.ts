import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import type { Db } from "../../lib/database/database.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { entityNotFound } from "../errors.ts";
import type { Direction } from "./graph-repository.ts";
import { toGraph } from "./lineage-message.ts";
import { walk } from "./walk.ts";

type GraphRequest = {
  readonly entityId: string;
  readonly depth: number;
  readonly column: string;
  readonly startTime?: Timestamp | undefined;
  readonly endTime?: Timestamp | undefined;
};

/** Handler that reads the graph around an entity in these directions. */
export const readGraph =
  ({ db }: { readonly db: Db }, directions: readonly Direction[]) =>
  async ({ entityId, depth, column, startTime, endTime }: GraphRequest, context: HandlerContext) => {
    const period = { start: textOf(startTime, "start_time"), end: textOf(endTime, "end_time") };
    const graph = await walk(db, scopeOf(context), entityId, { directions, depth, column, period });
    if (!graph) throw entityNotFound(entityId);
    return toGraph(graph);
  };

/** Seconds of the first and the last time that a Timestamp can have: of the years 1 to 9999. */
const [secondsMin, secondsMax] = [-62_135_596_800n, 253_402_300_799n];

function textOf(time: Timestamp | undefined, field: string): string | undefined {
  if (!time) return undefined;
  if (time.seconds < secondsMin || time.seconds > secondsMax) {
    throw invalidField(field, "must be a time of the years 1 to 9999");
  }
  return timestampDate(time).toISOString();
}
