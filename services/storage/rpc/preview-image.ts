import type { MethodImpl } from "@connectrpc/connect";
import type { PreviewService } from "../../../gen/sluice/storage/v1/previews_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { answerContent } from "../download/answer-content.ts";
import { contentDisposition } from "../download/content-disposition.ts";
import { fileNotFound, previewUnavailable } from "../errors.ts";
import { type FileRow, findFile } from "../file-repository.ts";
import { imageSampleBytes, imageTypeOf } from "../preview/image-type.ts";
import { readBytes } from "../preview/read-bytes.ts";

/** Largest image. Stands in the contract. */
const imageBytesMax = 32 * 1024 * 1024;

export const previewImage = (deps: StorageDeps): MethodImpl<typeof PreviewService.method.previewImage> =>
  async function* ({ fileId, ifNoneMatch }, context) {
    const file = await findFile(deps.db, scopeOf(context), fileId);
    if (!file) throw fileNotFound(fileId);
    const contentType = await typeOf(deps, file);
    yield* answerContent(deps.content, file, {
      conditions: { ...noConditions, ifNoneMatch },
      metadata: context.requestHeader,
      headers: {
        "content-type": contentType,
        "content-disposition": contentDisposition("inline", file.name),
        // Should a browser take the image for a document, it can load and run nothing.
        "content-security-policy": "default-src 'none'; sandbox",
      },
    });
  };

const noConditions = { range: "", ifRange: "", ifMatch: "", ifModifiedSince: "", ifUnmodifiedSince: "" };

/** The type by the first bytes: what a user says about a file is no reason to show it. */
async function typeOf({ content }: StorageDeps, file: FileRow): Promise<string> {
  if (file.sizeBytes > imageBytesMax) {
    throw previewUnavailable(file.fileId, `is larger than ${imageBytesMax} bytes`);
  }
  await using open = await content.open(file);
  const contentType = imageTypeOf(await readBytes(open, file, { start: 0, end: imageSampleBytes }));
  if (!contentType) throw previewUnavailable(file.fileId, "is no image that can be shown");
  return contentType;
}
