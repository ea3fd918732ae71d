import { expect, test } from "vitest";
import { startMesh } from "./mesh-process.ts";

const password = "a long first password";

type File = Readonly<Record<string, unknown>> & { readonly fileId: string; readonly etag: string };
type ResponseBody = {
  readonly file?: File;
  readonly files?: readonly File[];
  readonly prefixes?: readonly string[];
  readonly url?: string;
  readonly rows?: unknown;
  readonly source?: { readonly sourceId: string };
  readonly accessToken?: string;
};

test("OK: over HTTP, a file is replaced, read by version, removed and brought back, and its source follows", {
  timeout: 600_000,
}, async () => {
  await using mesh = await startMesh("one process", password);
  const api = `${mesh.url}/api/v1`;
  const json = { "content-type": "application/json" };
  const login = {
    method: "POST",
    headers: json,
    body: JSON.stringify({ email: "admin@sluice.local", password }),
  };
  const { accessToken } = (await (await fetch(`${api}/auth/token`, login)).json()) as ResponseBody;
  const authorization = `Bearer ${accessToken}`;
  const call = async (
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = json,
  ) => {
    // An engine that starts on a busy machine needs more than the default.
    const patient = { ...headers, authorization, "grpc-timeout": "250S" };
    const init = { method, headers: patient, ...(body !== undefined && { body }) };
    const response = await fetch(`${api}/${path}`, init);
    return { status: response.status, ...((await response.json()) as ResponseBody) };
  };
  const text = async (path: string) => {
    const response = await fetch(`${api}/${path}`, { headers: { authorization } });
    return response.ok ? response.text() : response.status;
  };
  const csv = { "content-type": "text/csv" };

  const query =
    "name=orders.csv&folder=2026/a/&kind=FILE_KIND_DATA_SOURCE&tags=raw&tags=daily&properties[owner]=ada";
  const { status, file } = await call("POST", `storage/files?${query}`, "id\n1\n", csv);
  expect([status, file]).toMatchObject([
    201,
    {
      folder: "2026/a/",
      kind: "FILE_KIND_DATA_SOURCE",
      tags: ["daily", "raw"],
      properties: { owner: "ada" },
    },
  ]);
  const path = `storage/files/${file?.fileId}`;
  const settings = { fileId: file?.fileId };
  const { source } = await call(
    "POST",
    "sources",
    JSON.stringify({ source: { displayName: "orders", connector: "file", settings } }),
  );
  const rows = async () => {
    const request = { sourceId: source?.sourceId, sql: "FROM orders ORDER BY ALL", timeout: "240s" };
    const answer = await call("POST", "execute", JSON.stringify(request));
    return answer.status === 200 ? JSON.stringify(answer.rows) : answer.status;
  };
  const { url } = await call("POST", `${path}:sign`, "{}");
  const signed = async () => {
    const response = await fetch(`${mesh.url}${url}`);
    return response.ok ? response.text() : response.status;
  };
  expect([await text(`${path}/content`), await signed()]).toEqual(["id\n1\n", "id\n1\n"]);
  const first = await rows();

  const put = (etag: string, body: string) =>
    call("PUT", `${path}/content`, body, { ...csv, "if-match": `"${etag}"` });
  expect(await put("1", "id\n1\n2\n")).toMatchObject({ status: 201, file: { version: 2, etag: "2" } });
  expect(await put("1", "id\n3\n")).toMatchObject({ status: 412 });
  // Each of them was read before, so that the edge answers from the folder.
  expect([await text(`${path}/content`), await signed()]).toEqual(["id\n1\n2\n", "id\n1\n2\n"]);
  expect(await text(`${path}/content?version=1`)).toBe("id\n1\n");
  expect(await text(`${path}/content?version=3`)).toBe(404);
  const second = await rows();
  expect(second).not.toEqual(first);

  expect(await call("GET", "storage/files?delimiter=/")).toMatchObject({ files: [], prefixes: ["2026/"] });
  const removed = await call("DELETE", path);
  expect(removed.file).toMatchObject({ deleteTime: expect.anything(), purgeTime: expect.anything() });
  expect([await text(`${path}/content`), await signed(), await text(path)]).toEqual([404, 404, 404]);
  expect(await rows()).toEqual(expect.any(Number));
  expect((await call("GET", "storage/files?showDeleted=true")).files).toEqual([removed.file]);
  expect(await call("POST", `${path}:undelete`, "{}")).toMatchObject({ status: 200, file: { version: 2 } });
  expect([await text(`${path}/content`), await signed(), await rows()]).toEqual([
    "id\n1\n2\n",
    "id\n1\n2\n",
    second,
  ]);
  const restored = await call("POST", `${path}/versions/1:restore`, "{}");
  expect(restored).toMatchObject({ status: 200, file: { version: 3 } });
  expect([await text(`${path}/content`), await rows()]).toEqual(["id\n1\n", first]);
});
