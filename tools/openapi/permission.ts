import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { access } from "../../gen/sluice/common/v1/options_pb.ts";

/** The permission that a method's callers need, if it is one that stands in the contract. */
export function permissionOf(method: DescMethod): string | undefined {
  const kind = hasOption(method, access) ? getOption(method, access).kind : undefined;
  return kind?.case === "permission" ? kind.value : undefined;
}
