import { randomBytes } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HeadObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { hasS3 } from "../storage/s3/s3-server.ts";
import { startChild } from "./child.ts";
import { type Comparison, speedOf } from "./compare.ts";
import { compareProcesses } from "./compare-processes.ts";
import { download } from "./http-load.ts";
import { storedContent } from "./ranges.ts";
import type { Row } from "./row.ts";
import type { MeshOnS3, World } from "./world.ts";

// Downloads of a file in S3 through Sluice, compared with S3's own client, which reads the same object from the same server. The
// client's bytes end in its process; Sluice's are hashed, and sent on to a client of HTTP.

const mib = 1024 * 1024;
const sizeMib = 256;
const rounds = 5;

type Start = (world: World) => Promise<MeshOnS3<{ readonly roots: readonly number[] }>>;

const oneProcess: Start = (world) => world.onS3();
const separate: Start = (world) => world.separateOnS3();

const row = (mode: string, start: Start, client: string, checks: boolean, target?: number): Row => ({
  name: `download from S3, ${mode}`,
  against: client,
  target,
  missing: () => (hasS3 ? undefined : ".ci/install-s3-server has not installed the S3 server"),
  measure: async (world) => besideClient(world, await start(world), checks),
});

const own = "S3's own client";
const unchecked = `${own}, which compares no checksum`;

export const s3Rows: readonly Row[] = [
  row("one process", oneProcess, own, true, 0.8),
  row("one process", oneProcess, unchecked, false),
  row("separate processes", separate, own, true),
];

async function besideClient(
  world: World,
  { mesh, server, bucket }: Awaited<ReturnType<Start>>,
  checks: boolean,
): Promise<Comparison> {
  const file = join(await mkdtemp(join(world.folder, "s3-")), "content");
  await writeFile(file, randomBytes(sizeMib * mib));
  const before = new Set(await keysOf(server, bucket));
  const content = await storedContent(mesh, file);
  const [key = ""] = (await keysOf(server, bucket)).filter((one) => !before.has(one));
  const { ContentLength } = await server.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
  if (ContentLength !== sizeMib * mib) throw new Error("the object in the bucket is not the file");
  const { accessKeyId, secretAccessKey } = server.credentials;
  const args = [server.url, accessKeyId, secretAccessKey, bucket, key, String(checks)];
  await using client = await startChild("./s3-client-server.ts", args);
  return await compareProcesses(
    {
      run: () => speedOf(sizeMib, () => download(content)),
      pids: mesh.process.roots,
    },
    { run: () => speedOfClient(client.url), pids: client.pids },
    world.roundsOf(rounds),
  );
}

/** MiB per second, as the client measures itself: the way to it costs nothing. */
async function speedOfClient(url: string): Promise<number> {
  const response = await fetch(url);
  if (!response.ok) throw new Error("S3's own client has not read the whole object");
  return (sizeMib * 1000) / Number(await response.text());
}

async function keysOf({ client }: MeshOnS3<unknown>["server"], bucket: string): Promise<string[]> {
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
  return Contents.map(({ Key = "" }) => Key);
}
