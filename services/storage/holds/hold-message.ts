import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type FileHold, FileHoldSchema } from "../../../gen/sluice/storage/v1/lifecycle_pb.ts";
import type { HoldRow } from "./hold-repository.ts";

export const toHold = ({ reason, creatorUserId, createTime }: HoldRow): FileHold =>
  create(FileHoldSchema, { reason, creatorUserId, createTime: timestampFromDate(createTime) });
