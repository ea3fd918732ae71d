import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { fromBufferPromise } from "yauzl";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

/** A whole response with its head. */
export async function collectBody(bodies: AsyncIterable<HttpBody>) {
  const chunks: Uint8Array[] = [];
  let head: { status: number; headers: Record<string, string>; contentType: string } | undefined;
  for await (const body of bodies) {
    const packed = body.extensions[0];
    const unpacked = packed && anyUnpack(packed, HttpHeadSchema);
    if (unpacked)
      head = { status: unpacked.status, headers: unpacked.headers, contentType: body.contentType };
    chunks.push(body.data);
  }
  if (!head) throw new Error("the first message has no head");
  return { ...head, bytes: Buffer.concat(chunks) };
}

/** Names and contents of a zip archive, read by another program's rules: it refuses paths that lead outside. */
export async function unzip(bytes: Buffer): Promise<[string, string][]> {
  const zip = await fromBufferPromise(bytes, { lazyEntries: true, strictFileNames: true });
  const entries: [string, string][] = [];
  for await (const entry of zip.eachEntry()) {
    entries.push([entry.fileName, await text(await zip.openReadStreamPromise(entry))]);
  }
  return entries;
}

/** The same of a tar archive, unpacked by the system's tar into a new folder. */
export async function untar(bytes: Buffer): Promise<[string, string][]> {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "archive.tar");
  await writeFile(path, bytes);
  const listed = spawnSync("tar", ["-tf", path, "--quoting-style=literal"], { encoding: "utf8" });
  const unpacked = spawnSync("tar", ["-xf", path, "-C", folder.path], { encoding: "utf8" });
  if (listed.status !== 0 || unpacked.status !== 0) throw new Error(listed.stderr + unpacked.stderr);
  const names = listed.stdout.trimEnd().split("\n");
  return await Promise.all(
    names.map(
      async (name): Promise<[string, string]> => [name, await readFile(join(folder.path, name), "utf8")],
    ),
  );
}
