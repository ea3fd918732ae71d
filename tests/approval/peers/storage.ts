import { createHash, randomUUID } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import {
  type PublishedFile,
  type ReleaseFile,
  ReleaseService,
} from "../../../gen/sluice/storage/v1/releases_pb.ts";
import { failure, notFound } from "../../../services/lib/rpc/errors.ts";
import { scopeOf } from "../../../services/lib/rpc/guard.ts";
import { guardPart, type Steps } from "./steps.ts";

type Released = Pick<PublishedFile, "fileId" | "path" | "sha256" | "sha512" | "sizeBytes">;

export type StoragePeer = {
  /** Bytes by file. */
  files: Map<string, Buffer>;
  /** Releases by their id, each made once. */
  releases: Map<string, { orgId: string; files: Released[] }>;
  /** Files on hold, by their package. */
  held: Map<string, readonly string[]>;
};

const digest = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest("hex");

/** Stores bytes. Returns their entry of a manifest. */
export function putFile({ files }: StoragePeer, content: string) {
  const bytes = Buffer.from(content);
  const fileId = randomUUID();
  files.set(fileId, bytes);
  return { fileId, sha256: digest("sha256", bytes), sizeBytes: BigInt(bytes.length) };
}

/** Fake storage with files in memory. It publishes a release completely or not at all, and once. */
export function storagePeer(steps: Steps) {
  const peer: StoragePeer = { files: new Map(), releases: new Map(), held: new Map() };
  const publish = (asked: ReleaseFile): Released => {
    const bytes = peer.files.get(asked.fileId);
    if (!bytes) throw notFound("file", asked.fileId);
    if (digest("sha256", bytes) !== asked.sha256) throw corrupt(asked.path);
    const { path, sha256, sizeBytes } = asked;
    return { fileId: randomUUID(), path, sha256, sha512: digest("sha512", bytes), sizeBytes };
  };
  const service = guardPart(ReleaseService, {
    publishRelease: ({ releaseId, files }, context) =>
      steps.take("publishRelease", () => {
        const known = peer.releases.get(releaseId);
        if (known) return { files: known.files };
        const released = files.map(publish);
        peer.releases.set(releaseId, { orgId: scopeOf(context).orgId, files: released });
        return { files: released };
      }),
    holdPackageFiles: ({ packageId, fileIds }) =>
      steps.take("holdPackageFiles", () => {
        peer.held.set(packageId, fileIds);
        return {};
      }),
    releasePackageFiles: ({ packageId }) =>
      steps.take("releasePackageFiles", () => {
        peer.held.delete(packageId);
        return {};
      }),
  });
  return { peer, services: [service] };
}

const corrupt = (path: string) =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.RELEASE_CORRUPT,
    `${path} does not have the bytes that were approved`,
  );
