import { createRegistry, type DescFile, type Registry } from "@bufbuild/protobuf";
import {
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { file_google_rpc_error_details } from "../../gen/google/rpc/error_details_pb.ts";

/** Types that a google.protobuf.Any can hold in every contract. */
const common: readonly DescFile[] = [
  file_google_protobuf_any,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  file_google_rpc_error_details,
];

export const commonTypes: Registry = createRegistry(...common);

const byFile = new WeakMap<DescFile, Registry>();

/** The types for `@type` in JSON: those of the contract, of its imports, and the common ones. */
export function typesOf(file: DescFile): Registry {
  const known = byFile.get(file);
  if (known) return known;
  const types = registryOf([file]);
  byFile.set(file, types);
  return types;
}

export function registryOf(files: readonly DescFile[]): Registry {
  return createRegistry(...common, ...new Set(files.flatMap(withImports)));
}

function withImports(file: DescFile): DescFile[] {
  return [file, ...file.dependencies.flatMap(withImports)];
}
