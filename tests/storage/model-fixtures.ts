import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ModelService,
  type ModelVersion,
  type RegisterModelVersionRequestSchema,
  type UploadModelFileHeaderSchema,
} from "../../gen/sluice/storage/v1/models_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { RunningService } from "../lib/test-mesh.ts";
import { chunksOf, sha256, upload } from "./fixtures.ts";

type Registration = MessageInitShape<typeof RegisterModelVersionRequestSchema>;

export const modelsOf = (service: RunningService, who: Principal) => service.client(ModelService, who);

/** An announced file. */
export const announced = (path: string, content: string | Uint8Array) => ({
  path,
  sha256: sha256(content),
  sizeBytes: BigInt(Buffer.from(content).length),
});

/** Registers a version with one stored file, which makes it ready, unless other files are given. */
export async function register(
  service: RunningService,
  who: Principal,
  { content = "weights", ...request }: Registration & { content?: string | Uint8Array } = {},
): Promise<ModelVersion> {
  const stored = async () => [
    { path: "model.bin", fileId: (await upload(service, who, { content })).fileId },
  ];
  const { modelVersion } = await modelsOf(service, who).registerModelVersion({
    modelName: "churn",
    files: request.files ?? (await stored()),
    ...request,
  });
  if (!modelVersion) throw new Error("no version");
  return modelVersion;
}

/** Uploads an announced file. */
export async function bring(
  service: RunningService,
  who: Principal,
  {
    content,
    ...header
  }: MessageInitShape<typeof UploadModelFileHeaderSchema> & { content: string | Uint8Array },
): Promise<ModelVersion> {
  async function* parts() {
    yield { part: { case: "header" as const, value: { model: "churn", version: 1, ...header } } };
    for (const value of chunksOf(content))
      yield { part: { case: "chunk" as const, value: Uint8Array.from(value) } };
  }
  const { modelVersion } = await modelsOf(service, who).uploadModelFile(parts());
  if (!modelVersion) throw new Error("no version");
  return modelVersion;
}

export const modelMissing = (model: string) => ({
  code: "NotFound",
  reason: "RESOURCE_NOT_FOUND",
  metadata: { model },
});

export const versionMissing = (model: string, version: number) => ({
  code: "NotFound",
  reason: "RESOURCE_NOT_FOUND",
  metadata: { model, version: String(version) },
});

export const notReady = (model: string, version: number) => ({
  code: "FailedPrecondition",
  reason: "MODEL_NOT_READY",
  metadata: { model, version: String(version) },
});
