import type { MethodImpl } from "@connectrpc/connect";
import {
  type Source,
  SourceSchema,
  type SourceService,
} from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { violatedConstraint } from "../../lib/database-failure.ts";
import { etagMismatch } from "../../lib/errors.ts";
import { scopeOf } from "../../lib/guard.ts";
import { fieldsToUpdate, required, revisionOf } from "../../lib/updates.ts";
import type { Connector } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceExists, sourceNotFound } from "../errors.ts";
import { toSource } from "../message.ts";
import * as repository from "../source-repository.ts";

const writable = ["display_name", "settings"] as const;

export const updateSource =
  ({ db, connectors }: OrchestrationDeps): MethodImpl<typeof SourceService.method.updateSource> =>
  async ({ source: given, updateMask }, context) => {
    const scope = scopeOf(context);
    const source = required(given, "source");
    const { sourceId, displayName, etag } = source;
    const fields = fieldsToUpdate(SourceSchema, source, updateMask, writable);
    const current = await repository.findSource(db, scope, sourceId);
    if (!current) throw sourceNotFound(sourceId);
    const change = changeOf(source, fields, connectors.get(current.connector));
    try {
      const row = await repository.updateSource(db, scope, sourceId, revisionOf(etag), change);
      if (row) return { source: toSource(row) };
    } catch (error) {
      const isTaken = violatedConstraint(error) === repository.displayNameConstraint;
      throw isTaken ? sourceExists(displayName) : error;
    }
    const exists = await repository.findSource(db, scope, sourceId);
    throw exists ? etagMismatch("source", sourceId) : sourceNotFound(sourceId);
  };

function changeOf(
  { displayName, settings = {} }: Source,
  fields: readonly (typeof writable)[number][],
  connector: Connector | undefined,
): repository.SourceChange {
  const renames = fields.includes("display_name");
  const resets = fields.includes("settings");
  if (resets) connector?.open(settings, "source.settings");
  return {
    ...(renames && { displayName: required(displayName, "source.display_name") }),
    ...(resets && { settings }),
  };
}
