import { LineageKind } from "../../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { recordLineage } from "../../lib/clients/record-lineage.ts";
import { everywhere } from "../../lib/database/scope.ts";
import { withinCall } from "../../lib/rpc/call.ts";
import { derivedId, newId } from "../../lib/values/ids.ts";
import { setLineageRecorded, type VersionKey } from "./maintenance-repository.ts";
import type { ModelDeps } from "./model-deps.ts";
import { type FullVersionRow, findVersionById } from "./version-repository.ts";

/** Id of no user: the user can be gone. */
const nilUserId = "00000000-0000-0000-0000-000000000000";
const timeoutMs = 60_000;

/** Records where a version comes from. Repeating it changes nothing. Throws while orchestration is away. */
export async function recordModel(
  deps: Pick<ModelDeps, "db" | "lineage" | "log">,
  key: VersionKey,
): Promise<void> {
  const version = await findVersionById(deps.db, everywhere(key), key.modelVersionId);
  if (version?.state !== "ready" || !version.lineagePending) return;
  const call = {
    principal: { orgId: key.orgId, userId: nilUserId, roles: [] },
    requestId: newId(),
    traceparent: undefined,
    tracestate: undefined,
    signal: AbortSignal.timeout(timeoutMs),
    deadlineMs: undefined,
  };
  await withinCall(call, () => recordLineage(deps, [version], () => recordOf(version)));
  await setLineageRecorded(deps.db, key);
}

function recordOf({
  modelVersionId,
  modelName,
  version,
  namespace,
  stagingJobId,
  datasetIds,
}: FullVersionRow) {
  const title = `${modelName} version ${version}`;
  const job = stagingJobId === null ? [] : [stagingJobId];
  return {
    job: {
      entityId: derivedId("model registration", modelVersionId),
      kind: LineageKind.JOB,
      name: `registration of model ${title}`,
    },
    inputs: [
      ...job.map((entityId) => ({ entityId, kind: LineageKind.JOB, name: `staging job ${entityId}` })),
      ...datasetIds.map((entityId) => ({
        entityId,
        kind: LineageKind.DATASET,
        name: `data set ${entityId}`,
      })),
    ],
    outputs: [{ entityId: modelVersionId, kind: LineageKind.DATASET, name: `model ${title}` }],
    namespace,
    columns: [],
  };
}
