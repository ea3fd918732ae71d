import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import type { NewEvent } from "./event-repository.ts";
import { recordModelEvents } from "./model-event.ts";
import type { ModelRef } from "./model-repository.ts";
import { requireLockedModel, requireReady } from "./require.ts";
import { findProduction, setStage, type VersionRow } from "./version-repository.ts";

/** A move of a version to a stage. */
export type StageMove = {
  readonly version: number;
  readonly stage: VersionRow["stage"];
  readonly comment: string;
};

/**
 * Moves a version to a stage, with the version that makes room for it. Nothing else changes stages: a rule about what may be
 * released is checked before this is called, in the same transaction.
 */
export async function moveStage(
  tx: Db,
  scope: Scope,
  ref: ModelRef,
  { version: number, stage, comment }: StageMove,
): Promise<void> {
  const model = await requireLockedModel(tx, scope, ref);
  const version = await requireReady(tx, scope, ref, number);
  if (version.stage === stage) return;
  const { userId } = scope.principal;
  const events: NewEvent[] = [];
  const move = async (
    moved: Pick<VersionRow, "modelVersionId" | "version" | "stage">,
    to: VersionRow["stage"],
  ) => {
    await setStage(tx, scope, moved.modelVersionId, to);
    const { version, stage: previousStage } = moved;
    events.push({ kind: "stage_set", version, stage: to, previousStage, comment, userId });
  };
  const former = stage === "production" ? await findProduction(tx, scope, model.modelId) : undefined;
  if (former) await move(former, "archived");
  await move(version, stage);
  await recordModelEvents(tx, scope, model, events);
}
