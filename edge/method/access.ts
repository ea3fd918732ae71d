import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { access } from "../../gen/sluice/common/v1/options_pb.ts";

/** The check of the edge before a call. The guard of the service checks permissions. */
export type EdgeAccess = "public" | "optional" | "credential" | "internal";

/** A method without the option is internal, so that it is never exposed by mistake. */
export function accessOf(method: DescMethod): EdgeAccess {
  if (!hasOption(method, access)) return "internal";
  switch (getOption(method, access).kind.case) {
    case "public":
      return "public";
    case "optional":
      return "optional";
    case "authenticated":
    case "permission":
      return "credential";
    default:
      return "internal";
  }
}
