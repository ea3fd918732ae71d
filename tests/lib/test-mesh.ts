import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createMeshKeys } from "../../services/all-in-one/create-mesh-keys.ts";
import type { GrpcTransport } from "../../services/lib/mesh/grpc-transport.ts";
import { createGrpcTransport } from "../../services/lib/mesh/grpc-transport.ts";
import type { Run } from "../../services/lib/process/lifetime.ts";
import { assertionHeader, createSigner, type Principal } from "../../services/lib/rpc/principal.ts";

/** Keys of the processes of a test mesh. */
export const meshKeys = createMeshKeys();

/** An admin of a new organisation, unless overridden. */
export function principal(overrides: Partial<Principal> = {}): Principal {
  return { orgId: randomUUID(), userId: randomUUID(), roles: ["admin"], ...overrides };
}

export type RunningService = AsyncDisposable & {
  address: string;
  /** A client that calls as the edge by default, on behalf of a principal or anonymously. */
  client<S extends DescService>(service: S, caller: Principal | undefined, process?: string): Client<S>;
  /** Stops the service as SIGTERM does, and so does disposal. */
  stop(): Promise<void>;
};

/** Runs a service as its main.ts does, until disposal. */
export async function startService<Config>(run: Run<Config>, config: Config): Promise<RunningService> {
  const stop = new AbortController();
  const { promise: address, resolve, reject } = Promise.withResolvers<string>();
  const ended = run(config, stop.signal, resolve);
  ended.catch(reject);
  const target = await address;
  const transports: GrpcTransport[] = [];
  const end = async () => {
    for (const transport of transports) transport[Symbol.dispose]();
    stop.abort();
    await ended;
  };
  return {
    address: target,
    client(service, caller, process = "edge") {
      const transport = transportAs(target, caller, process);
      transports.push(transport);
      return createClient(service, transport);
    },
    stop: end,
    [Symbol.asyncDispose]: end,
  };
}

/** A transport that signs the caller's assertion as a process of the mesh. */
export function transportAs(
  address: string,
  caller: Principal | undefined,
  process: keyof typeof meshKeys.privateKeys | string,
): GrpcTransport {
  const signer = createSigner(process, meshKeys.privateKeys[process] ?? "");
  return createGrpcTransport({
    peer: "the service",
    address,
    interceptors: [
      (next) => async (request) => {
        request.header.set(assertionHeader, await signer.assertionFor(caller));
        return next(request);
      },
    ],
  });
}

/** Creates a folder, removed on disposal. Its path is short enough for unix sockets. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "sluice-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
