import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { access } from "../../gen/sluice/common/v1/options_pb.ts";

/** The permission of a method in its contract, if any. */
export function permissionOf(method: DescMethod): string | undefined {
  const kind = hasOption(method, access) ? getOption(method, access).kind : undefined;
  return kind?.case === "permission" ? kind.value : undefined;
}
