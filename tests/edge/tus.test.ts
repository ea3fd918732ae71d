import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { download, sha256, usage, usageOf } from "../storage/fixtures.ts";
import { http1, http2, type RawResponse } from "./lib/raw-http.ts";
import { tokenOf } from "./lib/test-edge.ts";
import {
  bytesType,
  edgeBefore,
  idOf,
  locationOf,
  metadata,
  newUser,
  startTus,
  tusClient,
  tusPath,
} from "./lib/tus.ts";

const scene = forFile(() => startTus());

function begin() {
  const user = newUser();
  return { ...user, client: tusClient(scene().edge, user.headers) };
}

const bytesOf = async (who: Parameters<typeof download>[1], location: string) =>
  (await download(scene().storage, who, { fileId: idOf(location) })).bytes.toString();

const reasonOf = ({ body }: RawResponse) => JSON.parse(body).error.details[0]?.reason;
const fieldOf = ({ body }: RawResponse) => JSON.parse(body).error.details[0]?.fieldViolations[0].field;

describe("core", () => {
  test("OK: HEAD says where to continue, PATCH continues there, and the file is the bytes of all", async () => {
    const { client, who } = begin();
    const created = await client.create({ "upload-length": "10", ...metadata({ filename: "ten.txt" }) });
    const location = locationOf(created);
    expect(await client.patch(location, 0, "01234")).toMatchObject({
      status: 204,
      headers: { "upload-offset": "5", "tus-resumable": "1.0.0" },
    });
    const head = await client.head(location);
    expect(head).toMatchObject({
      status: 200,
      headers: {
        "upload-offset": "5",
        "upload-length": "10",
        "cache-control": "no-store",
        "tus-resumable": "1.0.0",
        ...metadata({ filename: "ten.txt" }),
      },
    });
    expect(head.headers).not.toHaveProperty("upload-defer-length");
    const last = await client.patch(location, 5, "56789");
    expect(last).toMatchObject({
      status: 204,
      headers: { "upload-offset": "10", "sluice-file-id": idOf(location) },
    });
    expect(last.headers).not.toHaveProperty("upload-expires");
    expect(await client.head(location)).toMatchObject({
      status: 200,
      headers: { "upload-offset": "10", "upload-length": "10", "sluice-file-id": idOf(location) },
    });
    expect(await bytesOf(who, location)).toBe("0123456789");
    expect(await usageOf(scene().storage, who)).toEqual(usage(10, 1));
  });

  test.each([
    ["none", {}],
    ["another", { "tus-resumable": "0.2.2" }],
  ])("412: %s version, with those that there are; nothing is done", async (_which, version) => {
    const { client, who, headers } = begin();
    const { authorization = "" } = headers;
    const response = await http1(scene().edge.port, tusPath, {
      method: "POST",
      headers: { authorization, "upload-length": "3", ...version },
    });
    expect(response).toMatchObject({
      status: 412,
      headers: { "tus-version": "1.0.0", "tus-resumable": "1.0.0" },
    });
    expect(await usageOf(scene().storage, who)).toEqual(usage(0, 0));
    const location = locationOf(await client.create({ "upload-length": "3" }));
    const head = await http1(scene().edge.port, location, {
      method: "HEAD",
      headers: { authorization, ...version },
    });
    expect(head.status).toBe(412);
  });

  test("409: another offset than the upload's, and the upload is unchanged", async () => {
    const { client } = begin();
    const location = locationOf(await client.create({ "upload-length": "10" }));
    await client.patch(location, 0, "01234");
    for (const offset of [0, 4, 6]) {
      const refused = await client.patch(location, offset, "xxxxx");
      expect([refused.status, reasonOf(refused)]).toEqual([409, "UPLOAD_OFFSET_MISMATCH"]);
    }
    expect((await client.head(location)).headers["upload-offset"]).toBe("5");
  });

  test.each([
    ["text/plain", { "content-type": "text/plain" }],
    ["a content coding", { "content-encoding": "gzip" }],
  ])("415: a body with %s", async (_what, headers) => {
    const { client } = begin();
    const location = locationOf(await client.create({ "upload-length": "3" }));
    expect((await client.patch(location, 0, "abc", headers)).status).toBe(415);
    expect((await client.head(location)).headers["upload-offset"]).toBe("0");
  });

  test.each(["", "-1", "1.5", "abc", "99999999999999999999"])("400: the offset %j", async (offset) => {
    const { client } = begin();
    const location = locationOf(await client.create({ "upload-length": "3" }));
    const refused = await client.send("PATCH", location, { ...bytesType, "upload-offset": offset }, "abc");
    expect([refused.status, fieldOf(refused)]).toEqual([400, "upload-offset"]);
  });

  test("413: more bytes than the length, announced or not", async () => {
    const { client, headers } = begin();
    const location = locationOf(await client.create({ "upload-length": "5" }));
    const announced = await client.patch(location, 0, "0123456789");
    expect([announced.status, reasonOf(announced)]).toEqual([413, "CONTENT_TOO_LARGE"]);
    expect((await client.head(location)).headers["upload-offset"]).toBe("0");
    const streamed = await http2(scene().edge.port, location, {
      method: "PATCH",
      headers: { ...headers, ...bytesType, "upload-offset": "0" },
      body: "0123456789",
    });
    expect(streamed.status).toBe(413);
  });

  test.each(["HEAD", "PATCH", "DELETE"])(
    "404: %s of an upload that is not there, or another's",
    async (method) => {
      const { client, who } = begin();
      const location = locationOf(await client.create({ "upload-length": "3" }));
      const request = { ...bytesType, "upload-offset": "0" };
      const absent = `${tusPath}/0193b3a0-0000-7000-8000-000000000000`;
      const others = [
        begin().client,
        tusClient(scene().edge, { ...tokenOf(who.orgId, newUser().who.userId), "tus-resumable": "1.0.0" }),
      ];
      const statuses = [
        await client.send(method, absent, request),
        await client.send(method, `${tusPath}/nothing`, request),
        ...(await Promise.all(others.map((other) => other.send(method, location, request)))),
      ];
      expect(statuses.map(({ status, headers }) => [status, headers["upload-offset"]])).toEqual(
        Array.from({ length: 4 }, () => [404, undefined]),
      );
      expect((await client.head(location)).status).toBe(200);
    },
  );

  test("401: without a credential", async () => {
    const headers = { "tus-resumable": "1.0.0", "upload-length": "3" };
    const { status } = await http1(scene().edge.port, tusPath, { method: "POST", headers });
    expect(status).toBe(401);
  });

  test.each([
    ["GET", tusPath, "POST, OPTIONS"],
    ["PATCH", tusPath, "POST, OPTIONS"],
    ["POST", `${tusPath}/0193b3a0-0000-7000-8000-000000000000`, "HEAD, PATCH, DELETE, OPTIONS"],
  ])("405: %s %s", async (method, path, allow) => {
    expect(await begin().client.send(method, path, {})).toMatchObject({ status: 405, headers: { allow } });
  });

  test("OK: OPTIONS says what the server can do, without a credential or a version", async () => {
    for (const path of [tusPath, `${tusPath}/0193b3a0-0000-7000-8000-000000000000`]) {
      expect(await http1(scene().edge.port, path, { method: "OPTIONS" })).toMatchObject({
        status: 204,
        headers: {
          "tus-resumable": "1.0.0",
          "tus-version": "1.0.0",
          "tus-extension":
            "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation",
          "tus-max-size": "5497558138880",
          "tus-checksum-algorithm": "sha1,sha256,sha512,md5",
        },
      });
    }
  });

  test("OK: X-HTTP-Method-Override stands for the methods that a client can't send", async () => {
    const { client, who } = begin();
    const location = locationOf(await client.create({ "upload-length": "3" }));
    const as = (method: string) => ({ "x-http-method-override": method });
    const patched = await client.send(
      "POST",
      location,
      { ...as("PATCH"), ...bytesType, "upload-offset": "0" },
      "abc",
    );
    expect([patched.status, patched.headers["upload-offset"]]).toEqual([204, "3"]);
    expect((await client.send("POST", location, as("HEAD"))).headers["upload-offset"]).toBe("3");
    expect(await bytesOf(who, location)).toBe("abc");
    expect((await client.send("POST", location, as("DELETE"))).status).toBe(204);
  });
});

describe("creation", () => {
  test("OK: 201 with the place of the upload and the time until which it can go on", async () => {
    const { client, who } = begin();
    const created = await client.create({
      "upload-length": "3",
      ...metadata({ filename: "Grüße 🙂.csv", filetype: "text/csv", sha256: sha256("a,b") }),
    });
    expect(created).toMatchObject({
      status: 201,
      headers: { "upload-offset": "0", "tus-resumable": "1.0.0" },
    });
    const expireMs = Date.parse(String(created.headers["upload-expires"]));
    expect(Math.abs(expireMs - Date.now() - 24 * 3_600_000)).toBeLessThan(600_000);
    expect(await usageOf(scene().storage, who)).toEqual(usage(0, 0, 3));
    const location = locationOf(created);
    await client.patch(location, 0, "a,b");
    const { file } = await scene()
      .storage.client(FileService, who)
      .getFile({ fileId: idOf(location) });
    expect(file).toMatchObject({
      name: "Grüße 🙂.csv",
      contentType: "text/csv",
      detectedContentType: "text/plain",
      sizeBytes: 3n,
      sha256: sha256("a,b"),
      creatorUserId: who.userId,
      namespace: "default",
    });
  });

  test("OK: an empty file is complete at once", async () => {
    const { client, who } = begin();
    const created = await client.create({ "upload-length": "0" });
    expect(created.headers["sluice-file-id"]).toBe(idOf(locationOf(created)));
    expect(await bytesOf(who, locationOf(created))).toBe("");
  });

  test("OK: a length that is known later: HEAD says so until PATCH sets it", async () => {
    const { client, who } = begin();
    const location = locationOf(await client.create({ "upload-defer-length": "1" }));
    await client.patch(location, 0, "abc");
    const { headers } = await client.head(location);
    expect([headers["upload-defer-length"], headers["upload-length"]]).toEqual(["1", undefined]);
    expect((await client.patch(location, 3, "def", { "upload-length": "6" })).status).toBe(204);
    expect(await bytesOf(who, location)).toBe("abcdef");
    expect(await usageOf(scene().storage, who)).toEqual(usage(6, 1));
  });

  test("400: a length that was set is changed, or less than what has come", async () => {
    const { client } = begin();
    const known = locationOf(await client.create({ "upload-length": "10" }));
    expect((await client.patch(known, 0, "abc", { "upload-length": "11" })).status).toBe(400);
    const unknown = locationOf(await client.create({ "upload-defer-length": "1" }));
    await client.patch(unknown, 0, "abc");
    expect((await client.patch(unknown, 3, "", { "upload-length": "2" })).status).toBe(400);
  });

  test.each<[string, Record<string, string>, string]>([
    ["no length", {}, "upload-length"],
    ["both lengths", { "upload-length": "3", "upload-defer-length": "1" }, "upload-length"],
    ["another deferred length", { "upload-defer-length": "2" }, "upload-defer-length"],
    ["a negative length", { "upload-length": "-3" }, "upload-length"],
    ["metadata that are no pairs", { "upload-length": "3", "upload-metadata": "a b c" }, "upload-metadata"],
    [
      "metadata with a key twice",
      { "upload-length": "3", "upload-metadata": "a YQ==,a YQ==" },
      "upload-metadata",
    ],
    ["metadata that are no base64", { "upload-length": "3", "upload-metadata": "a !" }, "upload-metadata"],
    [
      "a name in another encoding",
      { "upload-length": "3", "upload-metadata": "filename /w==" },
      "upload-metadata",
    ],
    ["a name with a folder", { "upload-length": "3", ...metadata({ filename: "../x" }) }, "upload.name"],
  ])("400: %s", async (_what, headers, field) => {
    const refused = await begin().client.create(headers);
    expect([refused.status, fieldOf(refused)]).toEqual([400, field]);
  });

  test("413: more than Tus-Max-Size, and more than the quota has left", async () => {
    const { client } = begin();
    const large = await client.create({ "upload-length": "5497558138881" });
    expect([large.status, reasonOf(large)]).toEqual([413, "CONTENT_TOO_LARGE"]);
    const over = await client.create({ "upload-length": String(2 ** 41) });
    expect([over.status, reasonOf(over)]).toEqual([413, "QUOTA_EXCEEDED"]);
  });

  test("OK: the first bytes with the creation", async () => {
    const { client, who } = begin();
    const created = await client.create({ "upload-length": "10", ...bytesType }, "01234");
    expect([created.status, created.headers["upload-offset"]]).toEqual([201, "5"]);
    const whole = await client.create({ "upload-length": "3", ...bytesType }, "abc");
    expect([whole.status, whole.headers["upload-offset"]]).toEqual([201, "3"]);
    expect(await bytesOf(who, locationOf(whole))).toBe("abc");
  });

  test("415: the first bytes in another type", async () => {
    const { client, who } = begin();
    const refused = await client.create({ "upload-length": "3", "content-type": "text/csv" }, "a,b");
    expect(refused.status).toBe(415);
    expect(await usageOf(scene().storage, who)).toEqual(usage(0, 0));
  });
});

describe("checksum", () => {
  const of = (algorithm: string, bytes: string) => ({
    "upload-checksum": `${algorithm} ${createHash(algorithm).update(bytes).digest("base64")}`,
  });

  test.each(["sha1", "sha256", "sha512", "md5"])("OK: %s", async (algorithm) => {
    const { client } = begin();
    const location = locationOf(await client.create({ "upload-length": "5" }));
    expect((await client.patch(location, 0, "hello", of(algorithm, "hello"))).status).toBe(204);
  });

  test("460: the bytes have another checksum, and are discarded", async () => {
    const { client } = begin();
    const location = locationOf(await client.create({ "upload-length": "5" }));
    const refused = await client.patch(location, 0, "hello", of("sha1", "jello"));
    expect([refused.status, reasonOf(refused)]).toEqual([460, "UPLOAD_CHECKSUM_MISMATCH"]);
    expect((await client.head(location)).headers["upload-offset"]).toBe("0");
    expect((await client.patch(location, 0, "hello", of("sha1", "hello"))).status).toBe(204);
  });

  test("460: with the creation, and the upload can be continued", async () => {
    const { client } = begin();
    const refused = await client.create({ "upload-length": "5", ...bytesType, ...of("md5", "x") }, "hello");
    expect(refused.status).toBe(460);
    expect((await client.patch(locationOf(refused), 0, "hello")).status).toBe(204);
  });

  test.each(["crc32 AAAAAA==", "sha1", "sha1 !!!!", "sha1 AAAA AAAA"])("400: %j", async (checksum) => {
    const { client } = begin();
    const location = locationOf(await client.create({ "upload-length": "5" }));
    const refused = await client.patch(location, 0, "hello", { "upload-checksum": checksum });
    expect([refused.status, fieldOf(refused)]).toEqual([400, "upload-checksum"]);
    expect((await client.head(location)).headers["upload-offset"]).toBe("0");
  });
});

describe("termination", () => {
  test("OK: an unfinished upload is gone, with its bytes and its quota", async () => {
    const { client, who } = begin();
    const location = locationOf(await client.create({ "upload-length": "10" }));
    await client.patch(location, 0, "abc");
    expect((await client.remove(location)).status).toBe(204);
    expect((await client.head(location)).status).toBe(404);
    expect((await client.patch(location, 3, "def")).status).toBe(404);
    expect((await client.remove(location)).status).toBe(404);
    expect(await usageOf(scene().storage, who)).toEqual(usage(0, 0));
  });

  test("OK: a finished upload is gone, and its file stays", async () => {
    const { client, who } = begin();
    const location = locationOf(await client.create({ "upload-length": "3", ...bytesType }, "abc"));
    expect((await client.remove(location)).status).toBe(204);
    expect((await client.head(location)).status).toBe(404);
    expect(await bytesOf(who, location)).toBe("abc");
  });
});

describe("concatenation", () => {
  const partial = { "upload-concat": "partial" };

  async function twoParts(client: ReturnType<typeof begin>["client"]) {
    const make = async (bytes: string) =>
      locationOf(
        await client.create({ ...partial, "upload-length": String(bytes.length), ...bytesType }, bytes),
      );
    return [await make("hello"), await make(" world")] as const;
  }

  test("OK: parts become a file in the order of the request, one of them twice", async () => {
    const { client, who } = begin();
    const [hello, world] = await twoParts(client);
    expect(await usageOf(scene().storage, who)).toEqual(usage(0, 0, 11));
    const concat = `final;${hello} ${scene().edge.url}${world} ${world}`;
    const final = await client.create({ "upload-concat": concat, ...metadata({ filename: "both.txt" }) });
    expect(final).toMatchObject({ status: 201, headers: { "upload-offset": "17" } });
    expect(await client.head(locationOf(final))).toMatchObject({
      status: 200,
      headers: { "upload-offset": "17", "upload-length": "17", "upload-concat": concat },
    });
    expect(await client.head(hello)).toMatchObject({
      headers: { "upload-offset": "5", "upload-length": "5", ...partial },
    });
    expect((await client.head(hello)).headers).not.toHaveProperty("sluice-file-id");
    expect(await bytesOf(who, locationOf(final))).toBe("hello world world");
    expect(await usageOf(scene().storage, who)).toEqual(usage(17, 1));
  });

  test("403: PATCH of the upload that is made of others, and nothing changes", async () => {
    const { client, who } = begin();
    const [hello, world] = await twoParts(client);
    const final = locationOf(await client.create({ "upload-concat": `final;${hello} ${world}` }));
    expect((await client.patch(final, 11, "!")).status).toBe(403);
    expect(await bytesOf(who, final)).toBe("hello world");
  });

  test("409: a part that is not complete; 404: another's; 400: what is no upload, or a length", async () => {
    const { client } = begin();
    const [hello, world] = await twoParts(client);
    const open = locationOf(await client.create({ ...partial, "upload-length": "5" }));
    const unfinished = await client.create({ "upload-concat": `final;${hello} ${open}` });
    expect([unfinished.status, reasonOf(unfinished)]).toEqual([409, "STATE_CONFLICT"]);
    const whole = locationOf(await client.create({ "upload-length": "3", ...bytesType }, "abc"));
    const statusOf = async (from: ReturnType<typeof begin>["client"], headers: Record<string, string>) =>
      (await from.create(headers)).status;
    expect(await statusOf(client, { "upload-concat": `final;${whole}` })).toBe(404);
    expect(await statusOf(begin().client, { "upload-concat": `final;${hello}` })).toBe(404);
    expect(await statusOf(client, { "upload-concat": "final;/elsewhere" })).toBe(400);
    expect(await statusOf(client, { "upload-concat": "final;" })).toBe(400);
    expect(await statusOf(client, { "upload-concat": "other", "upload-length": "3" })).toBe(400);
    expect(
      await statusOf(client, { "upload-concat": `final;${hello} ${world}`, "upload-length": "11" }),
    ).toBe(400);
  });
});

test("OK: a page of another origin may send tus' methods and headers, and read its responses", async () => {
  const cors = { allowedOrigins: ["https://app.example.org"], allowCredentials: false, maxAgeSeconds: 60 };
  await using edge = await edgeBefore(scene().storage.address, { cors });
  const origin = { origin: "https://app.example.org" };
  const preflight = await http1(edge.port, tusPath, {
    method: "OPTIONS",
    headers: { ...origin, "access-control-request-method": "PATCH" },
  });
  const allowed = (name: string) => String(preflight.headers[`access-control-allow-${name}`]).split(", ");
  expect(allowed("methods")).toEqual(expect.arrayContaining(["POST", "HEAD", "PATCH", "DELETE"]));
  expect(allowed("headers")).toEqual(
    expect.arrayContaining([
      "authorization",
      "tus-resumable",
      "upload-length",
      "upload-metadata",
      "upload-offset",
    ]),
  );
  const { headers } = newUser();
  const created = await tusClient(edge, { ...headers, ...origin }).create({ "upload-length": "3" });
  expect(String(created.headers["access-control-expose-headers"]).split(", ")).toEqual(
    expect.arrayContaining([
      "location",
      "sluice-file-id",
      "tus-resumable",
      "upload-expires",
      "upload-offset",
    ]),
  );
});
