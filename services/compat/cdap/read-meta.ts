import type { HttpBody } from "../../../gen/google/api/httpbody_pb.ts";
import { namespaceBodyInvalid } from "./errors.ts";
import { readObject, readTexts } from "./read-body.ts";

/** What a body says of a namespace; undefined is what it leaves out. Other members are ignored. */
export function readMeta(body: HttpBody | undefined): {
  description: string | undefined;
  config: Record<string, string> | undefined;
} {
  const { description, config } = readObject(body, namespaceBodyInvalid);
  const texts = readTexts({ description: description ?? null }, namespaceBodyInvalid);
  const settings = config ?? undefined;
  return {
    description: texts.description,
    config: settings === undefined ? undefined : readTexts(settings, namespaceBodyInvalid),
  };
}
