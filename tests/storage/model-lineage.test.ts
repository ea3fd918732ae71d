import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { LineageKind, LineageService } from "../../gen/sluice/orchestration/v1/lineage_pb.ts";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { ModelService } from "../../gen/sluice/storage/v1/models_pb.ts";
import { startMesh } from "../contract/mesh.ts";
import { createOrg, upload } from "../contract/things.ts";
import { forFile } from "../lib/for-file.ts";

const mesh = forFile(startMesh);

test("OK: the origin of a version is in the lineage graph once orchestration is there, and once only", async () => {
  const owner = await createOrg(mesh(), `org-${randomUUID()}`);
  const models = mesh().client(ModelService, owner);
  const { file } = await mesh().client(FileService, owner).uploadFile(upload("default"));
  const [jobId, datasetId] = [randomUUID(), randomUUID()];
  // A file of the job, as staging leaves it.
  await mesh().database.sql`
    insert into storage.files (file_id, org_id, name, content_type, size_bytes, sha256, creator_user_id, category, owner_id)
    select gen_random_uuid(), org_id, name, content_type, size_bytes, sha256, creator_user_id, 'staging', ${jobId}
    from storage.files where file_id = ${file?.fileId ?? ""}`;
  const register = () =>
    models.registerModelVersion({
      modelName: "churn",
      files: [{ path: "m", fileId: file?.fileId ?? "" }],
      stagingJobId: jobId,
      datasetIds: [datasetId],
    });
  await mesh().stop("orchestration");
  const { modelVersion: first } = await register();
  await mesh().start("orchestration");
  const { modelVersion: second } = await register();
  const lineage = mesh().client(LineageService, owner);
  for (const version of [first, second]) {
    const entityId = version?.modelVersionId ?? "";
    const read = () => lineage.getUpstream({ entityId }).catch(() => undefined);
    await expect.poll(async () => (await read())?.nodes.length, { timeout: 60_000 }).toBe(4);
    const { nodes, edges } = (await read()) ?? { nodes: [], edges: [] };
    expect(nodes[0]).toMatchObject({
      entityId,
      kind: LineageKind.DATASET,
      name: `model churn version ${version?.version}`,
    });
    expect(nodes.map(({ entityId }) => entityId)).toEqual(expect.arrayContaining([jobId, datasetId]));
    expect(edges).toHaveLength(3);
  }
  const pending = () => mesh().database.sql`select from storage.model_versions where lineage_pending`;
  await expect.poll(async () => (await pending()).length, { timeout: 20_000 }).toBe(0);
});
