import { FileService, type File as StoredFile } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Call } from "../command/call.ts";
import { readAll } from "../command/list.ts";
import { resolveId } from "./resolve-id.ts";

/** The id of a file, by its folder and name or its id. */
export const resolveFile = (call: Call, nameOrId: string): Promise<string> => resolve(call, nameOrId, false);

/** The id of a file in the trash. */
export const resolveTrashed = (call: Call, nameOrId: string): Promise<string> =>
  resolve(call, nameOrId, true);

async function resolve(call: Call, nameOrId: string, showDeleted: boolean): Promise<string> {
  const request = { prefix: nameOrId, showDeleted };
  const find = () => readAll(call, FileService, FileService.method.listFiles, request, ({ files }) => files);
  const names = {
    id: ({ fileId }: StoredFile) => fileId,
    name: ({ folder = "", name }: StoredFile) => `${folder}${name}`,
  };
  return resolveId(nameOrId, "file", find, names);
}
