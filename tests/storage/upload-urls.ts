import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type CreateUploadUrlRequestSchema,
  SignedUrlService,
  type UploadSignedHeaderSchema,
  type UploadSignedRequestSchema,
} from "../../gen/sluice/storage/v1/signed_urls_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { RunningService } from "../lib/test-mesh.ts";
import { chunksOf } from "./fixtures.ts";

type Part = MessageInitShape<typeof UploadSignedRequestSchema>;

const tokenOf = ({ url }: { url: string }): string => url.slice(url.lastIndexOf("/") + 1);

export async function createUploadUrl(
  service: RunningService,
  who: Principal,
  request: MessageInitShape<typeof CreateUploadUrlRequestSchema> = {},
): Promise<{ token: string; urlId: string }> {
  const created = await service
    .client(SignedUrlService, who)
    .createUploadUrl({ name: "data.csv", ...request });
  return { token: tokenOf(created), urlId: created.urlId };
}

/** Uploads with a token, as the edge does for a client without a credential. */
export async function uploadSigned(
  service: RunningService,
  header: MessageInitShape<typeof UploadSignedHeaderSchema>,
  content: string | Uint8Array = "some content",
) {
  async function* parts(): AsyncIterable<Part> {
    yield { part: { case: "header", value: header } };
    for (const chunk of chunksOf(content)) {
      yield { part: { case: "chunk", value: Uint8Array.from(chunk) } };
    }
  }
  const { file } = await service.client(SignedUrlService, undefined).uploadSigned(parts());
  if (!file) throw new Error("no file");
  return file;
}
