import { createHash, randomUUID } from "node:crypto";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { PolicyService } from "../../gen/sluice/identity/v1/policy_pb.ts";
import { BlobService } from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { ResultCacheService } from "../../gen/sluice/storage/v1/result_cache_pb.ts";
import { sharedFolderHeader } from "../../services/lib/content/shared-folder.ts";
import { startGrpcServer } from "../../services/lib/mesh/grpc-server.ts";
import { failure, notFound } from "../../services/lib/rpc/errors.ts";
import { guard, scopeOf } from "../../services/lib/rpc/guard.ts";
import { createVerifier, type Principal } from "../../services/lib/rpc/principal.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";
import { meshKeys } from "../lib/test-mesh.ts";

type StoredFile = { orgId: string; name: string; bytes: Buffer; sha256: string };

export type Peers = AsyncDisposable & {
  address: string;
  /** Stores a file of an organisation. Returns its id. */
  addFile(who: Principal, name: string, content: Buffer | string): string;
  addSecret(who: Principal, name: string, value: string): void;
  /** How many times the bytes of a file were requested, not only its head. */
  fetches(fileId: string): number;
  /** Called before the bytes of a file are sent. Lets a test delay or fail them. */
  beforeBytes: (fileId: string) => Promise<void> | void;
  /** Sends the path of a file in the caller's folder instead of its bytes. */
  share(fileId: string, where: SharedFile): void;
  /** Sends other bytes than announced. */
  corrupt: Set<string>;
  /** Storage's cache of results. By default it has no such methods. */
  results: ServiceImpl<typeof ResultCacheService>;
  /** Names of namespaces that do not exist. All others do. */
  missingNamespaces: Set<string>;
  /** Current roles of users, for work after their calls. Others are gone. */
  roles: Map<string, string[]>;
};

type SharedFile = { folderId: string; path: string; fingerprint: string };

const chunkBytes = 64 * 1024;

/** Storage's BlobService and identity's PolicyService on a real port, with data from the test. */
export async function startPeers(): Promise<Peers> {
  const files = new Map<string, StoredFile>();
  const secrets = new Map<string, string>();
  const shared = new Map<string, SharedFile>();
  const fetched: string[] = [];
  const peers = {
    beforeBytes: (_fileId: string): Promise<void> | void => {},
    corrupt: new Set<string>(),
    missingNamespaces: new Set<string>(),
    roles: new Map<string, string[]>(),
    results: { leaseResult: unused, setResult: unused, returnResultLease: unused } as Peers["results"],
  };
  const blobs = guard(BlobService, {
    async *getBlob({ fileId, heldSha256, headOnly }, context) {
      const file = files.get(fileId);
      if (!file || file.orgId !== scopeOf(context).orgId) throw notFound("file", fileId);
      const { name, bytes, sha256 } = file;
      const head = { name, contentType: "", sizeBytes: BigInt(bytes.length), sha256 };
      yield { part: { case: "head", value: head } };
      if (headOnly || heldSha256 === sha256) return;
      await peers.beforeBytes(fileId);
      const where = shared.get(fileId);
      if (where && context.requestHeader.get(sharedFolderHeader) === where.folderId) {
        const { path, fingerprint } = where;
        yield { part: { case: "file", value: { path, fingerprint } } };
        return;
      }
      fetched.push(fileId);
      for (let start = 0; start < bytes.length; start += chunkBytes) {
        const value = bytes.subarray(start, start + chunkBytes);
        yield {
          part: { case: "chunk", value: peers.corrupt.has(fileId) ? value.map((byte) => byte ^ 1) : value },
        };
      }
    },
    putBlob: unused,
    adoptBlob: unused,
    deleteBlobs: unused,
    signBlobs: unused,
    confirmLeases: unused,
  });
  const results = guard(ResultCacheService, {
    leaseResult: (request, context) => peers.results.leaseResult(request, context),
    setResult: (request, context) => peers.results.setResult(request, context),
    returnResultLease: (request, context) => peers.results.returnResultLease(request, context),
  });
  const policies = guard(PolicyService, {
    verifyCredential: unused,
    resolveDelegate: unused,
    getPrincipal({ userId }) {
      const roles = peers.roles.get(userId);
      if (!roles) throw notFound("user", userId);
      return { roles };
    },
    bindSecrets: unused,
    checkNamespace({ name }) {
      if (peers.missingNamespaces.has(name)) throw notFound("namespace", name);
      return {};
    },
    listUnboundOrgs: () => ({}),
    // Destinations are tested with the real identity service in resolve-secret.test.ts.
    resolveSecret({ name }, context) {
      const value = secrets.get(`${scopeOf(context).orgId}/${name}`);
      if (value === undefined) throw notFound("secret", name);
      return { value };
    },
  });
  const server = await startGrpcServer({
    listen: "127.0.0.1:0",
    services: [blobs, results, policies],
    verifier: createVerifier(meshKeys.publicKeys),
    log: createLog("peers", { logLevel: "silent" }),
  });
  return Object.assign(peers, {
    address: server.address,
    addFile({ orgId }: Principal, name: string, content: Buffer | string) {
      const fileId = randomUUID();
      const bytes = Buffer.from(content);
      files.set(fileId, { orgId, name, bytes, sha256: createHash("sha256").update(bytes).digest("hex") });
      return fileId;
    },
    addSecret: ({ orgId }: Principal, name: string, value: string) =>
      void secrets.set(`${orgId}/${name}`, value),
    share: (fileId: string, where: SharedFile) => void shared.set(fileId, where),
    fetches: (fileId: string) => fetched.filter((id) => id === fileId).length,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

function unused(): never {
  throw failure(Code.Unimplemented, ErrorReason.UPSTREAM_UNAVAILABLE, "not of these tests");
}
