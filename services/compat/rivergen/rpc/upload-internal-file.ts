import type { MethodImpl } from "@connectrpc/connect";
import type { InternalFileService } from "../../../../gen/compat/rivergen/v1/internal_files_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { toUploaded } from "../file-message.ts";
import { requireService } from "../require-service.ts";
import { succeed } from "../succeed.ts";
import { toNativeUpload, uploadNames } from "../to-native-upload.ts";
import { withOwnFields } from "../with-own-fields.ts";

export const uploadInternalFile =
  ({ files }: RivergenDeps): MethodImpl<typeof InternalFileService.method.uploadInternalFile> =>
  async (requests, context) => {
    requireService(context);
    const { file } = await withOwnFields(uploadNames, () => files.uploadFile(toNativeUpload(requests)));
    return succeed(toUploaded(answeredBy("storage", file)), "File uploaded successfully");
  };
