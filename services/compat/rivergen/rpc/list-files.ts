import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../../gen/compat/rivergen/v1/files_pb.ts";
import { FileCategory, type File as NativeFile } from "../../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../../lib/rpc/guard.ts";
import type { RivergenDeps } from "../deps.ts";
import { kindOf, toListed } from "../file-message.ts";
import { readPage } from "../read-page.ts";
import { succeed } from "../succeed.ts";

/** URLs that are made at a time. */
const signedAtOnce = 10;
/** How long they are valid. The contract states it. */
const urlSeconds = 3600n;

export const listFiles =
  ({ files }: RivergenDeps): MethodImpl<typeof FileService.method.listFiles> =>
  async (request, context) => {
    const { principal } = scopeOf(context);
    const which = {
      kind: kindOf(request.fileCategory),
      category: FileCategory.UPLOAD,
      filter: `creator_user_id = "${principal.userId}"`,
    };
    const { items, pagination } = await readPage(request, async (read) => {
      const { files: found, ...page } = await files.listFiles({ ...read, ...which });
      return { ...page, items: found };
    });
    const sign = async (file: NativeFile) => {
      const { url } = await files.createSignedUrl({ fileId: file.fileId, lifetime: { seconds: urlSeconds } });
      return toListed(file, url);
    };
    const listed: ReturnType<typeof toListed>[] = [];
    for (let at = 0; at < items.length; at += signedAtOnce) {
      listed.push(...(await Promise.all(items.slice(at, at + signedAtOnce).map(sign))));
    }
    return succeed({ items: listed, pagination }, "Files retrieved successfully");
  };
