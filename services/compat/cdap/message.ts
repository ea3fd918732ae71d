import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { type NamespaceMeta, NamespaceMetaSchema } from "../../../gen/compat/cdap/v1/namespaces_pb.ts";
import { type HttpBody, HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import type { Namespace } from "../../../gen/sluice/identity/v1/namespaces_pb.ts";

export const toMeta = ({ name, description = "", createTime, properties }: Namespace): NamespaceMeta =>
  create(NamespaceMetaSchema, {
    name,
    description,
    generation: createTime ? timestampMs(createTime) : 0,
    config: { ...properties },
  });

/** A sentence as the whole body. */
export const sentence = (text: string): HttpBody =>
  create(HttpBodySchema, { contentType: "text/plain; charset=utf-8", data: new TextEncoder().encode(text) });

/** A body of no bytes. */
export const noBytes = (): HttpBody => create(HttpBodySchema);
