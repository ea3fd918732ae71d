import { type DescMethod, fromBinary, fromJson, type Registry, toBinary, toJson } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { invalidField } from "../../services/lib/rpc/errors.ts";
import { parseJson, textOf } from "../../services/lib/rpc/strict-json.ts";
import { describe } from "../codec/decode.ts";
import { registryOf } from "../errors/common-types.ts";
import { accessOf, type EdgeAccess } from "./access.ts";

/** A method with everything that is computed once, at start. */
export type Plan = {
  readonly method: DescMethod;
  readonly path: string;
  readonly access: EdgeAccess;
  readonly httpMethods: readonly string[];
  /** Whether request and response are a single message each. */
  readonly oneRequest: boolean;
  readonly oneResponse: boolean;
  /** Transcodes between JSON and binary protobuf. */
  encodeRequest(json: Uint8Array): Buffer;
  encodeResponse(bytes: Uint8Array): Buffer;
};

/** Plans of the exposed methods, by path. */
export function plansOf(methods: readonly DescMethod[]): ReadonlyMap<string, Plan> {
  const registry = registryOf(methods.map(({ parent }) => parent.file));
  const plans = methods
    .filter((method) => accessOf(method) !== "internal")
    .map((method) => planOf(method, registry));
  return new Map(plans.map((plan) => [plan.path, plan]));
}

function planOf(method: DescMethod, registry: Registry): Plan {
  const { input, output, methodKind } = method;
  const isRead =
    methodKind === "unary" && method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  return {
    method,
    path: `/${method.parent.typeName}/${method.name}`,
    access: accessOf(method),
    httpMethods: isRead ? ["GET", "POST"] : ["POST"],
    oneRequest: methodKind === "unary" || methodKind === "server_streaming",
    oneResponse: methodKind === "unary" || methodKind === "client_streaming",
    encodeRequest(json) {
      const value = parseJson(textOf(json));
      try {
        return Buffer.from(toBinary(input, fromJson(input, value, { registry, ignoreUnknownFields: true })));
      } catch (error) {
        throw invalidField("body", describe(error));
      }
    },
    encodeResponse(bytes) {
      try {
        return Buffer.from(JSON.stringify(toJson(output, fromBinary(output, bytes), { registry })));
      } catch {
        throw new ConnectError("the answer can't be spelled as JSON", Code.Internal);
      }
    },
  };
}
