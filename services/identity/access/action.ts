import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { exposedContracts } from "../../../gen/contracts.ts";
import { access } from "../../../gen/sluice/common/v1/options_pb.ts";
import type { ExplainAccessRequest } from "../../../gen/sluice/identity/v1/access_pb.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { permissionsOf, roles } from "../../lib/rpc/permissions.ts";

/** What somebody would do, and the permission that it takes. */
export type Action = {
  /** Empty for a method that needs no permission. */
  readonly permission: string;
  /** In words: `call ListFiles`. */
  readonly name: string;
  /** Whether the method takes no permission, or no credential at all. */
  readonly freeFor: "authenticated" | "public" | undefined;
};

const methods: ReadonlyMap<string, DescMethod> = new Map(
  exposedContracts
    .flatMap(({ services }) => services.flatMap((service) => service.methods))
    .map((method) => [`${method.parent.typeName}.${method.name}`, method]),
);
const permissions: readonly string[] = permissionsOf(roles);

/** InvalidArgument for an unknown method or permission, and for a method that no caller from outside has. */
export function actionOf({ case: kind, value }: ExplainAccessRequest["action"]): Action {
  if (kind === "permission") {
    if (!permissions.includes(value)) {
      throw invalidField("permission", `there is no permission ${JSON.stringify(value)}`);
    }
    return { permission: value, name: `do what ${value} permits`, freeFor: undefined };
  }
  const method = methods.get(value ?? "");
  const allowed = method && getOption(method, access).kind;
  if (!allowed || allowed.case === "internal" || allowed.case === undefined) {
    throw invalidField(
      "method",
      "is none that callers have: give its full name, as sluice.storage.v1.FileService.ListFiles",
    );
  }
  return allowed.case === "permission"
    ? { permission: allowed.value, name: `call ${method.name}`, freeFor: undefined }
    : {
        permission: "",
        name: `call ${method.name}`,
        freeFor: allowed.case === "authenticated" ? "authenticated" : "public",
      };
}
