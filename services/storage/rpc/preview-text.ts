import type { MethodImpl } from "@connectrpc/connect";
import type { PreviewService } from "../../../gen/sluice/storage/v1/previews_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, offsetBeyondEnd, previewUnavailable } from "../errors.ts";
import { findFile } from "../file-repository.ts";
import { readBytes } from "../preview/read-bytes.ts";
import { charsetOf, decodePage, sampleBytes } from "../preview/text-page.ts";

const pageBytesDefault = 16 * 1024;

export const previewText =
  ({ db, content }: StorageDeps): MethodImpl<typeof PreviewService.method.previewText> =>
  async ({ fileId, offsetBytes, pageBytes }, context) => {
    const file = await findFile(db, scopeOf(context), fileId);
    if (!file) throw fileNotFound(fileId);
    const { sizeBytes } = file;
    if (Number(offsetBytes) > sizeBytes) throw offsetBeyondEnd(sizeBytes);
    await using open = await content.open(file);
    const sample = await readBytes(open, file, { start: 0, end: sampleBytes });
    const found = charsetOf(sample, sizeBytes <= sampleBytes);
    if (!found) throw previewUnavailable(fileId, "is no text");
    const { charset, markBytes } = found;
    const start = Math.max(Number(offsetBytes), markBytes);
    const bytes = await readBytes(open, file, { start, end: start + (pageBytes || pageBytesDefault) });
    const page = decodePage(bytes, charset, {
      isFirst: start === markBytes,
      isLast: start + bytes.length >= sizeBytes,
      isOdd: start % 2 === 1,
    });
    return {
      text: page.text,
      charset,
      offsetBytes: BigInt(start + page.start),
      nextOffsetBytes: BigInt(start + page.end),
      sizeBytes: BigInt(sizeBytes),
    };
  };
