import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createClient } from "@connectrpc/connect";
import type { GrpcTransport } from "../../services/lib/grpc-transport.ts";
import { peakMemoryBytes, readBytes } from "../lib/proc.ts";
import type { TestDatabase } from "../lib/test-database.ts";
import { meshKeys, type RunningService, transportAs } from "../lib/test-mesh.ts";
import { urlSigningKey } from "./fixtures.ts";

const main = join(import.meta.dirname, "../../services/storage/main.ts");

export type StorageProcess = RunningService & {
  /** Ends it as a loss of power would, as far as a process can feel one. */
  kill(): Promise<void>;
  /** The most memory that it ever had in use, in bytes. */
  peakMemoryBytes(): Promise<number>;
  /** Bytes that it has read from files and connections so far. */
  readBytes(): Promise<number>;
};

/** The real process, as `npm run start:storage` starts it; `fileBytesMax` bounds the files that it may write. */
export async function spawnStorage(
  database: Pick<TestDatabase, "urls">,
  directory: string,
  { fileBytesMax }: { fileBytesMax?: number } = {},
): Promise<StorageProcess> {
  const command = [process.execPath, main];
  if (fileBytesMax !== undefined) command.unshift("prlimit", `--fsize=${fileBytesMax}`);
  const child = spawn(command[0] ?? "", command.slice(1), {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      GRPC_LISTEN: "127.0.0.1:0",
      DATABASE_URL: database.urls.storage,
      MESH_PRIVATE_KEY: meshKeys.privateKeys.storage,
      MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
      STORAGE_DIR: directory,
      URL_SIGNING_KEY: urlSigningKey.toString("base64"),
    },
  });
  return describe(child, await addressOf(child));
}

async function addressOf(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error("no output");
  for await (const line of createInterface(child.stdout)) {
    const { msg, address, err } = JSON.parse(line);
    if (err && msg === "failed") throw new Error(err.message);
    if (msg !== "ready") continue;
    child.stdout.resume();
    return address;
  }
  throw new Error("the process ended before it was ready");
}

function describe(child: ChildProcess, address: string): StorageProcess {
  const transports: GrpcTransport[] = [];
  const end = async (signal: NodeJS.Signals) => {
    for (const transport of transports) transport[Symbol.dispose]();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    address,
    client(service, who, process = "edge") {
      const transport = transportAs(address, who, process);
      transports.push(transport);
      return createClient(service, transport);
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    peakMemoryBytes: () => peakMemoryBytes(child.pid ?? 0),
    readBytes: () => readBytes(child.pid ?? 0),
    [Symbol.asyncDispose]: () => end("SIGKILL"),
  };
}
