import type { HandlerContext } from "@connectrpc/connect";
import type { Db } from "../../lib/database/database.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { entityNotFound } from "../errors.ts";
import { toGraph } from "./lineage-message.ts";
import type { Direction } from "./lineage-repository.ts";
import { walk } from "./walk.ts";

/** The handler of a read of the graph around one entity, in these directions. */
export const readGraph =
  ({ db }: { readonly db: Db }, directions: readonly Direction[]) =>
  async ({ entityId, depth }: { entityId: string; depth: number }, context: HandlerContext) => {
    const graph = await walk(db, scopeOf(context), entityId, { directions, depth });
    if (!graph) throw entityNotFound(entityId);
    return toGraph(graph);
  };
