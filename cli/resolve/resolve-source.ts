import { type Source, SourceService } from "../../gen/sluice/orchestration/v1/sources_pb.ts";
import type { Call } from "../command/call.ts";
import { readAll } from "../command/list.ts";
import { resolveId } from "./resolve-id.ts";

/** The id of a source, by its name or its id. */
export const resolveSource = (call: Call, nameOrId: string): Promise<string> =>
  resolveId(
    nameOrId,
    "source",
    () => readAll(call, SourceService, SourceService.method.listSources, {}, ({ sources }) => sources),
    { id: ({ sourceId }: Source) => sourceId, name: ({ displayName }: Source) => displayName },
  );
