import { hash } from "node:crypto";
import { createFileRegistry, type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type CommentOf, readComments } from "./comments.ts";

/** The exposed services with their comments. */
export type Contract = {
  /** A google.protobuf.FileDescriptorSet. */
  readonly descriptors: Uint8Array;
  /** SHA-256 of `descriptors` in lower-case hexadecimal. */
  readonly sha256: string;
  readonly services: readonly DescService[];
  readonly registry: FileRegistry;
  readonly commentOf: CommentOf;
};

/** Reads a FileDescriptorSet; throws if it is malformed or incomplete. */
export function readContract(descriptors: Uint8Array): Contract {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const files = [...registry.files];
  return {
    descriptors,
    sha256: hash("sha256", descriptors, "hex"),
    services: files.flatMap(({ services }) => services).filter(({ methods }) => methods.length > 0),
    registry,
    commentOf: readComments(files),
  };
}
