import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { type File, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { TrashPolicyService } from "../../gen/sluice/storage/v1/trash_policies_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { RunningService } from "../lib/test-mesh.ts";
import { upload } from "./fixtures.ts";

/** Uploads a file and moves it to the trash. */
export async function trashedFile(
  service: RunningService,
  who: Principal,
  header: Parameters<typeof upload>[2] = {},
): Promise<File> {
  const { fileId } = await upload(service, who, header);
  const { file } = await service.client(FileService, who).deleteFile({ fileId });
  if (!file) throw new Error("the file is not in the trash");
  return file;
}

/** Removes a file for good. */
export async function removeFile(service: RunningService, who: Principal, fileId: string): Promise<void> {
  const files = service.client(FileService, who);
  await files.deleteFile({ fileId });
  await files.purgeFile({ fileId });
}

export async function setWindow(service: RunningService, who: Principal, windowMs: number): Promise<void> {
  const trashPolicy = { undeleteWindow: durationFromMs(windowMs) };
  await service.client(TrashPolicyService, who).setTrashPolicy({ trashPolicy });
}

export const notInTrash = (fileId: string) => ({
  code: "FailedPrecondition",
  reason: "STATE_CONFLICT",
  metadata: { file: fileId },
});
