import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type UploadPolicy, UploadPolicySchema } from "../../../gen/sluice/storage/v1/upload_policies_pb.ts";
import type { PolicyRow } from "./upload-policy-repository.ts";

/** The policy in effect in a namespace. Its etag is that of the namespace's own policy, 0 for none. */
export function toUploadPolicy(row: PolicyRow | undefined, namespace: string): UploadPolicy {
  return create(UploadPolicySchema, {
    allowedTypes: row?.allowedTypes ?? [],
    fileBytesMax: BigInt(row?.fileBytesMax ?? 0),
    ...(row && { updateTime: timestampFromDate(row.updateTime) }),
    etag: String(row?.namespace === namespace ? row.revision : 0),
  });
}
