import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../../gen/compat/rivergen/v1/files_pb.ts";
import type { RivergenDeps } from "../deps.ts";
import { findOwnObject } from "../find-object.ts";
import { succeed } from "../succeed.ts";

const secondsDefault = 3600;

export const getPresignedUrl =
  ({ files }: RivergenDeps): MethodImpl<typeof FileService.method.getPresignedUrl> =>
  async ({ objectName, expiresSeconds = secondsDefault }, context) => {
    const { fileId } = await findOwnObject(context, objectName, (named) => files.findFile(named));
    const lifetime = { seconds: BigInt(expiresSeconds) };
    const { url } = await files.createSignedUrl({ fileId, lifetime });
    return succeed({ url, expiresInSeconds: expiresSeconds }, "Presigned URL generated successfully");
  };
