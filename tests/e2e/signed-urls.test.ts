import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { startMesh } from "./mesh-process.ts";

const password = "a long first password";
const content = "0123456789";
const etag = `"${createHash("sha256").update(content).digest("hex")}"`;

/** A signed URL that a logged-in user creates for a new file. */
async function signedUrl(url: string): Promise<string> {
  const post = async (path: string, body: string, headers: Record<string, string>) => {
    const answer = await fetch(`${url}/api/v1/${path}`, { method: "POST", headers, body });
    expect(answer.ok).toBe(true);
    return answer.json();
  };
  const json = { "content-type": "application/json" };
  const login = JSON.stringify({ email: "admin@sluice.local", password });
  const { accessToken } = (await post("auth/token", login, json)) as { accessToken: string };
  const authorization = `Bearer ${accessToken}`;
  const { file } = (await post("storage/files?name=a.txt", content, {
    authorization,
    "content-type": "text/plain",
  })) as { file: { fileId: string } };
  const signed = await post(`storage/files/${file.fileId}:sign`, "{}", { ...json, authorization });
  return (signed as { url: string }).url;
}

describe.each(["one process", "separate processes"] as const)("in %s", (mode) => {
  test("OK: a signed URL is read with no header but HTTP's own", { timeout: 180_000 }, async () => {
    await using mesh = await startMesh(mode, password);
    const path = await signedUrl(mesh.url);
    expect(path).toMatch(/^\/api\/v1\/storage\/signed\//);
    const read = async (headers: Record<string, string> = {}, method = "GET") => {
      const answer = await fetch(mesh.url + path, { method, headers });
      const { status } = answer;
      const [length, range] = ["content-length", "content-range"].map((name) => answer.headers.get(name));
      return { status, etag: answer.headers.get("etag"), length, range, text: await answer.text() };
    };
    expect(await read()).toEqual({ status: 200, etag, length: "10", range: null, text: content });
    expect(await read({}, "HEAD")).toEqual({ status: 200, etag, length: "10", range: null, text: "" });
    const part = { status: 206, etag, length: "3", range: "bytes 2-4/10" };
    expect(await read({ range: "bytes=2-4", "if-range": etag })).toEqual({ ...part, text: "234" });
    expect(await read({ range: "bytes=2-4" }, "HEAD")).toEqual({ ...part, text: "" });
    expect(await read({ "if-none-match": etag })).toMatchObject({ status: 304, etag, text: "" });
    expect(await read({ range: "bytes=10-" })).toMatchObject({ status: 416 });
    expect((await fetch(`${mesh.url}${path.slice(0, -1)}`)).status).toBe(404);
  });
});
