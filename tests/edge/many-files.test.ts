import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { generated, mib, sha256, usage, usageOf } from "../storage/fixtures.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { newUser, startTus } from "./lib/tus.ts";

const scene = forFile(() => startTus());

const path = "/api/v1/storage/files:uploadMany";

type Part = { name: string; fileName?: string; type?: string; content: string | Uint8Array };

function form(parts: Part[]): Buffer {
  const chunks = parts.flatMap(({ name, fileName, type, content }) => [
    Buffer.from(
      `--limit\r\nContent-Disposition: form-data; name="${name}"` +
        `${fileName === undefined ? "" : `; filename="${fileName}"`}\r\n${type ? `Content-Type: ${type}\r\n` : ""}\r\n`,
    ),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...chunks, Buffer.from("--limit--\r\n")]);
}

async function send(parts: Part[], { query = "", by = http1 }: { query?: string; by?: typeof http1 } = {}) {
  const { who, headers } = newUser();
  const response = await by(scene().edge.port, path + query, {
    method: "POST",
    headers: { ...headers, "content-type": "multipart/form-data; boundary=limit" },
    body: form(parts),
  });
  return { who, response };
}

const file = (fileName: string, content: string | Uint8Array, type?: string): Part => ({
  name: "file",
  fileName,
  content,
  ...(type && { type }),
});

const fieldOf = ({ body }: RawResponse) => JSON.parse(body).error.details[0].fieldViolations[0].field;

test.each([
  ["HTTP/1.1", http1],
  ["HTTP/2", http2],
])("OK: the files of a form over %s, each with its name, type and fields", async (_version, by) => {
  const large = generated(2 * mib);
  const parts = [
    { name: "namespace", content: "default" },
    { name: "sha256", content: sha256("a,b") },
    file("größe.csv", "a,b"),
    file("large.bin", large, "application/x-thing"),
    { name: "name", content: "other.txt" },
    file("ignored.txt", "text", "text/plain"),
    file("empty", ""),
  ];
  const { who, response } = await send(parts, { by });
  expect(response.status).toBe(201);
  const { files } = JSON.parse(response.body) as { files: Record<string, unknown>[] };
  expect(files.map((one) => [one.name, one.contentType, one.sha256])).toEqual([
    ["größe.csv", "text/csv", sha256("a,b")],
    ["large.bin", "application/x-thing", sha256(large)],
    ["other.txt", "text/plain", sha256("text")],
    ["empty", "application/octet-stream", sha256("")],
  ]);
  expect(await usageOf(scene().storage, who)).toEqual(usage(7 + large.length, 4));
});

test("OK: a raw body is one file", async () => {
  const { headers } = newUser();
  const response = await http1(scene().edge.port, `${path}?name=b.bin`, {
    method: "POST",
    headers,
    body: "abc",
  });
  expect(JSON.parse(response.body)).toMatchObject({ files: [{ name: "b.bin", sizeBytes: "3" }] });
});

test.each<[string, Part[], number, string]>([
  ["no file", [{ name: "namespace", content: "default" }], 400, "file"],
  ["another file", [file("a", "a"), { ...file("b", "b"), name: "other" }], 400, "other"],
  ["a field after the last file", [file("a", "a"), { name: "name", content: "b" }], 400, "name"],
  ["an unknown field", [file("a", "a"), { name: "nothing", content: "b" }, file("b", "b")], 400, "nothing"],
])("InvalidArgument: a form with %s, and nothing is stored", async (_what, parts, status, field) => {
  const { who, response } = await send(parts);
  expect([response.status, fieldOf(response)]).toEqual([status, field]);
  expect(await usageOf(scene().storage, who)).toEqual(usage(0, 0));
});

test("InvalidArgument: a shared namespace that is not the caller's holds for every file", async () => {
  const parts = [{ name: "namespace", content: "not/one" }, file("a", "a"), file("b", "b")];
  const { who, response } = await send(parts);
  expect([response.status, fieldOf(response)]).toEqual([400, "header.namespace"]);
  const { files } = await scene().storage.client(FileService, who).listFiles({});
  expect(files).toEqual([]);
});
