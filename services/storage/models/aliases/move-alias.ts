import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  SetModelAliasRequest,
  SetModelAliasResponseSchema,
} from "../../../../gen/sluice/storage/v1/models_pb.ts";
import type { Db } from "../../../lib/database/database.ts";
import type { Scope } from "../../../lib/rpc/guard.ts";
import { aliasesMany, aliasMoved } from "../model-errors.ts";
import { recordModelEvents } from "../model-event.ts";
import { toAlias } from "../model-message.ts";
import { requireLockedModel, requireReady } from "../require.ts";
import { countAliases, findAlias, putAlias } from "./alias-repository.ts";

/** Aliases of a model. The contract states it. */
const aliasesMax = 100;

/** Points an alias to a version, with an event unless it did already. */
export async function moveAlias(
  tx: Db,
  scope: Scope,
  request: SetModelAliasRequest,
): Promise<MessageInitShape<typeof SetModelAliasResponseSchema>> {
  const { alias, version, expectedVersion, comment } = request;
  const { userId } = scope.principal;
  const { modelId, ...model } = await requireLockedModel(tx, scope, request);
  await requireReady(tx, scope, request, version);
  const current = await findAlias(tx, modelId, alias);
  const previousVersion = current?.version ?? 0;
  if (expectedVersion !== undefined && expectedVersion !== previousVersion) throw aliasMoved(alias);
  if (current?.version === version) return { alias: toAlias(current), previousVersion };
  if (!current && (await countAliases(tx, modelId)) >= aliasesMax)
    throw aliasesMany(request.model, aliasesMax);
  const row = await putAlias(tx, { modelId, alias, version, userId });
  const event = { kind: "alias_set" as const, version, alias, previousVersion, comment, userId };
  await recordModelEvents(tx, scope, { ...model, modelId }, [event]);
  return { alias: toAlias(row), previousVersion };
}
