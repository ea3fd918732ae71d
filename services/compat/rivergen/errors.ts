import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField, notFound } from "../../lib/rpc/errors.ts";

export const folderNotOwn = (folder: string): ConnectError =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `only files in the folder ${folder} are the caller's`,
  );

export const listTooLong = (entriesMax: number): ConnectError =>
  invalidField("page", `the list has more than ${entriesMax} entries: narrow it by its filters`);

export const searchTooWide = (matchesMax: number): ConnectError =>
  invalidField("query", `matches more than ${matchesMax} tables: use more words`);

export const collectionUnknown = (name: string): ConnectError => notFound("collection", name);

export const valueNotJson = (key: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `the value of ${key} was stored by another API, and is no JSON`,
  );

export const notPromoted = (modelId: string): ConnectError =>
  failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, `model ${modelId} has no version in production`, {
    model: modelId,
  });

export const stagingDisabled = (): ConnectError =>
  failure(Code.Unimplemented, ErrorReason.ENDPOINT_DISABLED, "staging is switched off here");
