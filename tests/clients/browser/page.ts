import { createRegistry, enumToJson, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { anyUnpack, ListValueSchema } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import { HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import { CatalogService } from "../../../gen/sluice/orchestration/v1/catalog_pb.ts";
import {
  ExecutionService,
  ExecutionStateSchema,
} from "../../../gen/sluice/orchestration/v1/executions_pb.ts";
import { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { FileService, UploadFileResponseSchema } from "../../../gen/sluice/storage/v1/files_pb.ts";
import type { Step } from "../journey.ts";

// The calls of the first journey from a page in a browser.

// Exposed to the page by the lane.
declare const report: (step: Step) => Promise<void>;

type Journey = {
  readonly name: string;
  readonly url: string;
  readonly protocol: "Connect" | "gRPC-Web";
  readonly email: string;
  readonly password: string;
  readonly file: { readonly name: string; readonly content: string };
  readonly sql: string;
};

export async function run({ name, url, protocol, email, password, file, sql }: Journey): Promise<void> {
  let token = "";
  const withToken: Interceptor = (next) => (request) => {
    if (token) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  // The first message of a download has its head in an Any, whose JSON needs the type.
  const jsonOptions = { registry: createRegistry(HttpHeadSchema) };
  const options = { baseUrl: url, interceptors: [withToken], jsonOptions };
  const transport =
    protocol === "Connect" ? createConnectTransport(options) : createGrpcWebTransport(options);

  const auth = createClient(AuthService, transport);
  const tokens = await auth.issueToken({ email, password });
  await report({ step: "log in", tokenType: tokens.tokenType });
  token = tokens.accessToken;
  const { roles } = await auth.whoAmI({});
  await report({ step: "who am I", roles });

  const fileId = await upload(url, token, file);
  const settings = { fileId, tableName: "weather" };
  const { source } = await createClient(SourceService, transport).createSource({
    source: { displayName: name, connector: "file", settings },
  });
  await report({ step: "register", connector: source?.connector, tableName: source?.settings?.tableName });
  const sourceId = source?.sourceId ?? "";

  await discover(createClient(CatalogService, transport), sourceId);
  await query(createClient(ExecutionService, transport), sourceId, sql);
  const files = createClient(FileService, transport);
  await download(files, "download", { fileId });
  await download(files, "download a range", { fileId, range: "bytes=0-48" });
}

/** Uploads over REST, because browsers can't stream requests. */
async function upload(url: string, token: string, { name, content }: Journey["file"]): Promise<string> {
  const body = new FormData();
  body.append("file", new File([content], name, { type: "text/csv" }));
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/api/v1/storage/files`, { method: "POST", headers, body });
  const { file } = fromJson(UploadFileResponseSchema, (await response.json()) as JsonValue);
  if (!file) throw new Error("the response has no file");
  const { contentType, sizeBytes, sha256 } = file;
  await report({ step: "upload", name: file.name, contentType, sizeBytes: Number(sizeBytes), sha256 });
  return file.fileId;
}

async function discover(catalog: Client<typeof CatalogService>, sourceId: string): Promise<void> {
  const { added } = await catalog.discover({ sourceId });
  await report({ step: "discover", added: added.map(({ name }) => name) });
  const { tables } = await catalog.listTables({ sourceId });
  const columns = tables.flatMap((table) => table.columns.map(({ name, dataType }) => `${name} ${dataType}`));
  await report({ step: "list tables", columns });
}

async function query(
  executions: Client<typeof ExecutionService>,
  sourceId: string,
  sql: string,
): Promise<void> {
  const result = await executions.executeQuery({ sourceId, sql, maxRows: 3 });
  await report({
    step: "query",
    columns: result.columns.map(({ name, dataType }) => `${name} ${dataType}`),
    rows: result.rows.map((row) => toJson(ListValueSchema, row)),
    truncated: result.truncated,
  });
  const { execution } = await executions.getExecution({ executionId: result.executionId });
  await report({
    step: "read execution",
    state: execution && enumToJson(ExecutionStateSchema, execution.state),
    rowCount: Number(execution?.rowCount),
  });
  const refusal = await executions
    .executeQuery({ sourceId, sql: "DELETE FROM weather" })
    .catch(ConnectError.from);
  if (!(refusal instanceof ConnectError)) throw new Error("a query that writes was not refused");
  const [info] = refusal.findDetails(ErrorInfoSchema);
  await report({
    step: "refused query",
    code: codeToString(refusal.code).toUpperCase(),
    reason: info?.reason,
  });
}

async function download(
  files: Client<typeof FileService>,
  step: string,
  request: { fileId: string; range?: string },
): Promise<void> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let status: number | undefined;
  let contentType = "";
  for await (const { extensions, data, contentType: type } of files.downloadFile(request)) {
    const [head] = extensions;
    if (head) {
      status = anyUnpack(head, HttpHeadSchema)?.status;
      contentType = type;
    }
    chunks.push(new Uint8Array(data));
  }
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(chunks).arrayBuffer());
  await report({ step, status, contentType, sha256: new Uint8Array(digest).toHex() });
}
