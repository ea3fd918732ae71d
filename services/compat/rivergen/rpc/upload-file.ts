import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../../gen/compat/rivergen/v1/files_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { RivergenDeps } from "../deps.ts";
import { toUploaded } from "../file-message.ts";
import { succeed } from "../succeed.ts";
import { toNativeUpload, uploadNames } from "../to-native-upload.ts";
import { withOwnFields } from "../with-own-fields.ts";

export const uploadFile =
  ({ files }: RivergenDeps): MethodImpl<typeof FileService.method.uploadFile> =>
  async (requests) => {
    const { file } = await withOwnFields(uploadNames, () => files.uploadFile(toNativeUpload(requests)));
    return succeed(toUploaded(answeredBy("storage", file)), "File uploaded successfully");
  };
