import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { Readable } from "node:stream";
import { storeFile } from "./calls.ts";
import { type Comparison, compare, speedOf } from "./compare.ts";
import { getMany, type Target } from "./http-load.ts";
import { missingForMlflow, startMlflow } from "./mlflow.ts";
import { onceAWorld } from "./once-a-world.ts";
import { rawRequest, sendMany } from "./raw-load.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

const wantedRatio = 5;
const concurrency = 16;
const registrations = 200;
const reads = 600;
const rounds = 3;
/** Models in the list, of which a page has 50. */
const modelCount = 200;
const weightsBytes = 4 * 1024;

/** The same call of both servers. */
type Scene = { readonly ours: Call; readonly other: Call };
type Call = { readonly target: Target; readonly body?: unknown; readonly status: number };
type Scenes = Readonly<Record<"register" | "registerStored" | "alias" | "list", Scene>>;

/**
 * Both servers with the same models. MLflow only notes where a model's file is; Sluice notes an announced file in the same
 * way, and counts, verifies and keeps a stored one in addition.
 */
const prepare = onceAWorld(async (world: World): Promise<Scenes> => {
  const mesh = await world.oneProcess();
  const { url } = await startMlflow(join(world.folder, "mlflow"));
  const fileId = await storeFile(
    mesh,
    "weights.bin",
    Readable.from([randomBytes(weightsBytes)]),
    weightsBytes,
  );
  const files = [{ path: "weights.bin", fileId }];
  const announced = [{ path: "weights.bin", sha256: "0".repeat(64), sizeBytes: weightsBytes }];
  const source = "s3://models/weights.bin";
  const mlflow = (path: string): Target => ({ url: `${url}/api/2.0/mlflow/${path}`, headers: {} });
  const ask = (path: string, body: unknown) => send({ target: mlflow(path), body, status: 200 });
  for (let count = 0; count < modelCount; count += 1) {
    const name = `model-${count}`;
    await mesh.call("POST", "/api/v1/storage/models", { modelName: name, files });
    await ask("registered-models/create", { name });
    await ask("model-versions/create", { name, source });
  }
  const model = "/api/v1/storage/models/model-0";
  await mesh.call("PUT", `${model}/aliases/champion`, { version: 1 });
  await ask("registered-models/alias", { name: "model-0", alias: "champion", version: "1" });
  const registration = (body: object): Scene => ({
    ours: { target: mesh.target("/api/v1/storage/models"), body, status: 201 },
    other: { target: mlflow("model-versions/create"), body: { name: "model-1", source }, status: 200 },
  });
  return {
    register: registration({ modelName: "model-1", files: announced }),
    registerStored: registration({ modelName: "model-2", files }),
    alias: {
      ours: { target: mesh.target(`${model}/aliases/champion`), status: 200 },
      other: { target: mlflow("registered-models/alias?name=model-0&alias=champion"), status: 200 },
    },
    list: {
      ours: { target: mesh.target("/api/v1/storage/models?pageSize=50"), status: 200 },
      other: { target: mlflow("registered-models/search?max_results=50"), status: 200 },
    },
  };
});

async function send({ target, body, status }: Call): Promise<void> {
  const headers = { ...target.headers, "content-type": "application/json" };
  const response = await fetch(target.url, { method: "POST", headers, body: JSON.stringify(body) });
  if (response.status !== status)
    throw new Error(`${target.url}: ${response.status} ${await response.text()}`);
  await response.arrayBuffer();
}

const load = ({ target, body, status }: Call) => {
  if (body === undefined) return () => speedOf(reads, () => getMany(target, reads, concurrency));
  const url = new URL(target.url);
  const bytes = Buffer.from(JSON.stringify(body));
  const headers = { ...target.headers, "content-type": "application/json", "content-length": bytes.length };
  const request = { bytes: rawRequest("POST", url, headers, bytes), status };
  const work = () => sendMany(url, { count: registrations, connections: concurrency }, () => request);
  return () => speedOf(registrations, work);
};

const row = (name: string, scene: keyof Scenes, target: number | undefined = wantedRatio): Row => ({
  name: `models: ${name} by 16 connections, one process`,
  against: "MLflow's server",
  target,
  missing: missingForMlflow,
  async measure(world): Promise<Comparison> {
    const { ours, other } = (await prepare(world))[scene];
    return compare(load(ours), load(other), world.roundsOf(rounds));
  },
});

export const modelRows: readonly Row[] = [
  row("register a version", "register"),
  row("register a version of a stored file", "registerStored", undefined),
  row("get by alias", "alias"),
  row("list 50 of 200", "list"),
];
