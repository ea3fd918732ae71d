import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { access } from "../../gen/sluice/common/v1/options_pb.ts";

/** Who may call a method, as far as the edge has to know: the guard in the service decides the rest. */
export type EdgeAccess = "public" | "credential" | "internal";

/** A method without the option is nobody's. */
export function accessOf(method: DescMethod): EdgeAccess {
  if (!hasOption(method, access)) return "internal";
  switch (getOption(method, access).kind.case) {
    case "public":
      return "public";
    case "authenticated":
    case "permission":
      return "credential";
    default:
      return "internal";
  }
}
