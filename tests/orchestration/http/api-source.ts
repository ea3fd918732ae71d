import { type JsonObject, toJson } from "@bufbuild/protobuf";
import { ListValueSchema } from "@bufbuild/protobuf/wkt";
import { forFile } from "../../lib/for-file.ts";
import { createSource, type Orchestration, startOrchestration, type User } from "../orchestration.ts";
import { type ApiServer, type SeenRequest, startApiServer } from "./api-server.ts";

/** An API, and a mesh whose sources may reach it. */
export type ApiScene = AsyncDisposable & {
  readonly mesh: Orchestration;
  readonly user: User;
  readonly api: ApiServer;
  /** Settings of the API, of the path /rows and of the table `rows`. */
  settings(more?: JsonObject): JsonObject;
  /** Responds to requests by `respond`, and reads all rows of a source with more settings, in the order of the API. */
  read(respond: ApiServer["respond"], more?: JsonObject, timeoutSeconds?: bigint): Promise<unknown[]>;
  /** The requests of the last `read`. */
  requests(): SeenRequest[];
};

export const apiScene = (env: Record<string, string> = {}) => forFile(() => openScene(env));

async function openScene(env: Record<string, string>): Promise<ApiScene> {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(await startApiServer((_, response) => response.end()));
  const mesh = stack.use(await startOrchestration(env));
  const user = mesh.user();
  const owned = stack.move();
  const settings = (more: JsonObject = {}): JsonObject => ({
    ...{ scheme: "http", host: "127.0.0.1", port: api.port, path: "/rows" },
    ...more,
  });
  return {
    mesh,
    user,
    api,
    settings,
    requests: () => api.requests,
    async read(respond, more = {}, timeoutSeconds = 60n) {
      api.respond = respond;
      api.requests.length = 0;
      const sourceId = await createSource(user, "http-json", settings({ tableName: "rows", ...more }));
      const timeout = { seconds: timeoutSeconds };
      const { rows } = await user.executions.executeQuery({ sourceId, sql: "select * from rows", timeout });
      return rows.map((row) => toJson(ListValueSchema, row));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
