import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  type SignedUrl,
  SignedUrlOperation,
  SignedUrlSchema,
} from "../../../gen/sluice/storage/v1/signed_urls_pb.ts";
import { enumWords } from "../../lib/values/enum-words.ts";
import type { SignedUrlRow } from "./signed-url-repository.ts";

const operations = enumWords<SignedUrlRow["operation"], SignedUrlOperation>({
  read: SignedUrlOperation.READ,
  upload: SignedUrlOperation.UPLOAD,
});

export function toSignedUrl(row: SignedUrlRow): SignedUrl {
  return create(SignedUrlSchema, {
    urlId: row.urlId,
    operation: operations.toValue(row.operation),
    fileId: row.fileId ?? "",
    name: row.name ?? "",
    namespace: row.namespace,
    creatorUserId: row.creatorUserId,
    createTime: timestampFromDate(row.createTime),
    expireTime: timestampFromDate(row.expireTime),
    ...(row.revokeTime && { revokeTime: timestampFromDate(row.revokeTime) }),
    usesMax: row.usesMax ?? 0,
    useCount: row.useCount,
    sizeBytesMax: BigInt(row.sizeBytesMax ?? 0),
  });
}
