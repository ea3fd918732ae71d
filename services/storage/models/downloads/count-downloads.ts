import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { AnySchema, anyPack, anyUnpack } from "@bufbuild/protobuf/wkt";
import type { HttpBodySchema } from "../../../../gen/google/api/httpbody_pb.ts";
import { HttpFileSchema, HttpHeadSchema } from "../../../../gen/sluice/common/v1/options_pb.ts";

type Body = MessageInitShape<typeof HttpBodySchema>;

/**
 * Passes a download on, and calls `count` if it has the first byte of the file. The location of the bytes loses its lease,
 * so that the edge asks for each download.
 */
export async function* countDownloads(
  bodies: AsyncIterable<Body>,
  range: string,
  count: () => void,
): AsyncGenerator<Body> {
  let isFirst = true;
  for await (const body of bodies) {
    if (!isFirst) {
      yield body;
      continue;
    }
    isFirst = false;
    const extensions = (body.extensions ?? []).map((any) => create(AnySchema, any));
    const [status = 0] = extensions.flatMap((any) => anyUnpack(any, HttpHeadSchema)?.status ?? []);
    if (status < 300 && startsAtZero(range)) count();
    yield { ...body, extensions: extensions.map(withoutLease) };
  }
}

/** Whether a Range header asks for the first byte. */
const startsAtZero = (range: string): boolean => range === "" || /=\s*0+\s*-/.test(range);

function withoutLease(any: MessageInitShape<typeof AnySchema>) {
  const packed = create(AnySchema, any);
  const file = anyUnpack(packed, HttpFileSchema);
  return file ? anyPack(HttpFileSchema, { ...file, lease: "" }) : packed;
}
