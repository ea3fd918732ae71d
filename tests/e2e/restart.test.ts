import { expect, test } from "vitest";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { logIn } from "./api.ts";
import { startOnFolder } from "./mesh-process.ts";

const password = "a long first password";

test("OK: Ctrl-C ends everything and the next start has what was stored", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  const first = await startOnFolder(folder.path, password);
  const file = await upload(first.url, "kept over Ctrl-C");

  expect(await first.end("SIGINT", "group")).toBe(0);

  await using second = await startOnFolder(folder.path, password);
  expect(await download(second.url, file)).toBe("kept over Ctrl-C");
});

test("OK: kill -9 loses nothing that was acknowledged", { timeout: 120_000 }, async () => {
  await using folder = await temporaryFolder();
  const first = await startOnFolder(folder.path, password);
  const file = await upload(first.url, "kept over kill -9");

  await first.end("SIGKILL", "process");

  await using second = await startOnFolder(folder.path, password);
  expect(await download(second.url, file)).toBe("kept over kill -9");
});

async function upload(url: string, text: string): Promise<string> {
  const form = new FormData();
  form.set("file", new Blob([text]), "kept.txt");
  const answer = await fetch(`${url}/api/v1/storage/files`, {
    method: "POST",
    headers: { authorization: `Bearer ${await logIn(url, password)}` },
    body: form,
  });
  expect(answer.status).toBe(201);
  const { file } = (await answer.json()) as { file: { fileId: string } };
  return file.fileId;
}

async function download(url: string, fileId: string): Promise<string> {
  const headers = { authorization: `Bearer ${await logIn(url, password)}` };
  return (await fetch(`${url}/api/v1/storage/files/${fileId}/content`, { headers })).text();
}
