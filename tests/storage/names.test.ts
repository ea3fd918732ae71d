import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import { download, startStorage, upload } from "./fixtures.ts";

const storage = forFile(startStorage);

/** The same name twice for people: one letter with its accent, and a letter and an accent. */
const composed = "Ångström 🙂.csv".normalize("NFC");
const decomposed = composed.normalize("NFD");

test("OK: names are compared in normal form C, and are returned as they were sent", async () => {
  const who = principal();
  for (const name of [composed, decomposed, "other.csv"]) await upload(storage(), who, { name });
  const client = storage().client(FileService, who);
  const namesOf = async (request: object) =>
    (await client.listFiles({ orderBy: "create_time asc", ...request })).files.map(({ name }) => name);
  expect(composed).not.toBe(decomposed);
  for (const form of [composed, decomposed]) {
    expect(await namesOf({ filter: `name = "${form}"` })).toEqual([composed, decomposed]);
    expect(await namesOf({ filter: `name:"${form.slice(0, 4)}"` })).toEqual([composed, decomposed]);
    expect(await namesOf({ prefix: form.slice(0, -4) })).toEqual([composed, decomposed]);
  }
  // "Å" comes after "o" by code points, however it was written.
  expect((await namesOf({ orderBy: "name asc" }))[0]).toBe("other.csv");
});

test.each([composed, decomposed, "名前.csv", 'a"b%c;d.csv', "👨‍👩‍👧.png", "ا.csv"])(
  "OK: %j is stored, and downloads name it exactly",
  async (name) => {
    const who = principal();
    const { fileId } = await upload(storage(), who, { name });
    const { headers } = await download(storage(), who, { fileId });
    const disposition = headers["content-disposition"] ?? "";
    expect(disposition).toMatch(/^attachment; filename="[\x20-\x7e]*"/);
    const [, extended] = /filename\*=UTF-8''(\S+)$/.exec(disposition) ?? [];
    expect(decodeURIComponent(extended ?? "")).toBe(name);
  },
);
