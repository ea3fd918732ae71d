import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { firstMissing, runTool } from "../../../clients/generate/language.ts";
import type { Gateway } from "./start-gateway.ts";

const module = join(import.meta.dirname, "grpc-gateway");

/** Why grpc-gateway cannot be built on this machine; undefined if it can. */
export const missingForGrpcGateway = (): string | undefined =>
  firstMissing(["go", "version"], ["buf", "--version"]);

/** Generates grpc-gateway for the test contract and builds it in a folder. Returns its path. */
export async function buildGrpcGateway(folder: string): Promise<string> {
  const build = join(folder, "grpc-gateway");
  await cp(module, build, { recursive: true });
  runTool("buf", ["generate", "--template", join(module, "buf.gen.yaml"), "--output", build]);
  runTool("go", ["build", "-o", "grpc-gateway", "."], { cwd: build });
  return join(build, "grpc-gateway");
}

/** Runs it in front of a backend, on one processor because Node's gateways have one thread. */
export async function startGrpcGateway(program: string, backendPort: number): Promise<Gateway> {
  const child = spawn(program, [`127.0.0.1:${backendPort}`], {
    env: { ...process.env, GOMAXPROCS: "1" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextNumber = async () => Number((await lines.next()).value);
  return {
    port: await nextNumber(),
    cpuSeconds() {
      child.stdin.write("\n");
      return nextNumber();
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
