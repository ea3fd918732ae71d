import type { MessageInitShape } from "@bufbuild/protobuf";
import type { File } from "../../gen/sluice/storage/v1/files_pb.ts";
import {
  type AppendResumableUploadHeaderSchema,
  type AppendResumableUploadRequestSchema,
  ResumableUploadKind as Kind,
  type ResumableUpload,
  ResumableUploadService,
} from "../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { RunningService } from "../lib/test-mesh.ts";
import { chunksOf } from "./fixtures.ts";

export const { PARTIAL } = Kind;

/** Fields of the new upload; the length as a number. */
type NewUpload = {
  readonly name?: string;
  readonly contentType?: string;
  readonly lengthBytes?: number;
  readonly sha256?: string;
  readonly namespace?: string;
  readonly kind?: Kind;
  readonly metadata?: string;
};
type Header = MessageInitShape<typeof AppendResumableUploadHeaderSchema>;
type Part = MessageInitShape<typeof AppendResumableUploadRequestSchema>;

export async function createUpload(
  service: RunningService,
  who: Principal,
  { lengthBytes, ...upload }: NewUpload = {},
): Promise<ResumableUpload> {
  const { upload: created } = await service.client(ResumableUploadService, who).createResumableUpload({
    upload: { ...upload, ...(lengthBytes !== undefined && { lengthBytes: BigInt(lengthBytes) }) },
  });
  if (!created) throw new Error("no upload");
  return created;
}

/** Appends bytes in one call. */
export async function append(
  service: RunningService,
  who: Principal,
  { content, ...header }: Header & { content: string | Uint8Array },
): Promise<{ upload?: ResumableUpload | undefined; file?: File | undefined }> {
  async function* messages(): AsyncGenerator<Part> {
    yield { part: { case: "header", value: header } };
    for (const value of chunksOf(content)) yield { part: { case: "chunk", value: Uint8Array.from(value) } };
  }
  return service.client(ResumableUploadService, who).appendResumableUpload(messages());
}

export type OpenAppend = {
  readonly answer: Promise<unknown>;
  send(content: string | Uint8Array): void;
  end(): void;
  /** Disconnects in the middle, like a killed client. */
  abandon(): void;
};

/** A call whose chunks the test sends one by one. */
export function openAppend(service: RunningService, who: Principal, header: Header): OpenAppend {
  const queue: Part[] = [{ part: { case: "header", value: header } }];
  let [ended, wake] = [false, () => {}];
  async function* stream(): AsyncGenerator<Part> {
    while (queue.length > 0 || !ended) {
      const next = queue.shift();
      if (next) yield next;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  const abort = new AbortController();
  const answer = service
    .client(ResumableUploadService, who)
    .appendResumableUpload(stream(), { signal: abort.signal });
  answer.catch(() => {});
  return {
    answer,
    send(content) {
      queue.push(
        ...chunksOf(content).map(
          (value): Part => ({ part: { case: "chunk", value: Uint8Array.from(value) } }),
        ),
      );
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    abandon: () => abort.abort(),
  };
}

export const uploadOf = async (service: RunningService, who: Principal, uploadId: string) => {
  const { upload } = await service.client(ResumableUploadService, who).getResumableUpload({ uploadId });
  return upload;
};

export const offsetOf = async (service: RunningService, who: Principal, uploadId: string): Promise<number> =>
  Number((await uploadOf(service, who, uploadId))?.offsetBytes);

export const uploadMissing = (upload: string) => ({
  code: "NotFound",
  reason: "RESOURCE_NOT_FOUND",
  metadata: { upload },
});
export const uploadGone = (upload: string) => ({
  code: "NotFound",
  reason: "UPLOAD_GONE",
  metadata: { upload },
});
