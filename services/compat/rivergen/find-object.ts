import type { HandlerContext } from "@connectrpc/connect";
import type { File, FindFileResponse } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { answeredBy } from "../answered-by.ts";
import { folderNotOwn } from "./errors.ts";

type Find = (request: { objectName: string }) => Promise<FindFileResponse>;

/** Finds a file by the name of its object, in which clients may encode the slashes. */
export async function findObject(objectName: string, find: Find): Promise<File> {
  const { file } = await find({ objectName: objectName.replaceAll(/%2f/gi, "/") });
  return answeredBy("storage", file);
}

/** As above, for a file of the caller's own. */
export async function findOwnObject(context: HandlerContext, objectName: string, find: Find): Promise<File> {
  const { orgId, principal } = scopeOf(context);
  const folder = `organizations/${orgId}/files/${principal.userId}/`;
  if (!objectName.replaceAll(/%2f/gi, "/").startsWith(folder)) throw folderNotOwn(folder);
  return findObject(objectName, find);
}
