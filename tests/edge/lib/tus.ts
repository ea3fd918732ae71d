import { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import type { Principal } from "../../../services/lib/rpc/principal.ts";
import type { Limits } from "../../../services/storage/limits.ts";
import { principal } from "../../lib/test-mesh.ts";
import { type Storage, startStorage } from "../../storage/fixtures.ts";
import { http1, type RawResponse } from "./raw-http.ts";
import { startTestEdge, type TestEdge, tokenOf } from "./test-edge.ts";

export const tusPath = "/api/v1/storage/tus";
export const bytesType = { "content-type": "application/offset+octet-stream" };

/** Storage, and an edge in front of it. */
export type TusScene = AsyncDisposable & { readonly storage: Storage; readonly edge: TestEdge };

export async function startTus(
  limits: Partial<Limits> = {},
  options: Parameters<typeof startTestEdge>[0] = {},
): Promise<TusScene> {
  await using stack = new AsyncDisposableStack();
  const storage = stack.use(await startStorage(limits));
  const edge = stack.use(await edgeBefore(storage.address, options));
  const owned = stack.move();
  return { storage, edge, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export const edgeBefore = (address: string, options: Parameters<typeof startTestEdge>[0] = {}) =>
  startTestEdge({
    services: [FileService, ResumableUploadService],
    upstreams: { storage: address },
    ...options,
  });

/** A user of a new organisation, and the headers of its requests. */
export function newUser(): { who: Principal; headers: Record<string, string> } {
  const who = principal({ roles: ["editor"] });
  return { who, headers: { ...tokenOf(who.orgId, who.userId), "tus-resumable": "1.0.0" } };
}

/** Speaks tus to an edge, as one user. */
export function tusClient(edge: Pick<TestEdge, "port">, credential: Record<string, string>) {
  const send = (method: string, path: string, headers: Record<string, string>, body?: string | Buffer) =>
    http1(edge.port, path, { method, headers: { ...credential, ...headers }, ...(body && { body }) });
  return {
    send,
    create: (headers: Record<string, string>, body?: string | Buffer) => send("POST", tusPath, headers, body),
    head: (path: string) => send("HEAD", path, {}),
    patch: (path: string, offset: number, body: string | Buffer, headers: Record<string, string> = {}) =>
      send("PATCH", path, { ...bytesType, "upload-offset": String(offset), ...headers }, body),
    remove: (path: string) => send("DELETE", path, {}),
  };
}

/** Upload-Metadata of these texts. */
export const metadata = (values: Record<string, string>): Record<string, string> => ({
  "upload-metadata": Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value).toString("base64")}`)
    .join(","),
});

export const locationOf = ({ headers }: RawResponse): string => String(headers.location);
export const idOf = (location: string): string => location.slice(location.lastIndexOf("/") + 1);
