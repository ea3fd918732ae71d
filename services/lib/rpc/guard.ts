import type { DescMessage, DescMethod, DescService, MessageShape } from "@bufbuild/protobuf";
import { getOption, hasOption } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import {
  Code,
  createContextKey,
  createServiceImplSpec,
  type HandlerContext,
  type MethodImplSpec,
  type ServiceImpl,
} from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { type Access, access } from "../../../gen/sluice/common/v1/options_pb.ts";
import { failure, invalidFields } from "./errors.ts";
import { type Namespaces, namespacesOf } from "./permissions.ts";
import type { Caller, Principal } from "./principal.ts";

/**
 * Scope of a handler's access: the organisation, and the namespaces in which the caller has the method's permission.
 * Every repository function has both in its WHERE (`within` of `database/scope.ts`).
 */
export type Scope = {
  readonly orgId: string;
  readonly namespaces: Namespaces;
  readonly principal: Principal;
};

/** A service whose methods are authorised and validated. Only `guard` creates one. */
export type GuardedService = {
  readonly service: DescService;
  readonly methods: Readonly<Record<string, MethodImplSpec>>;
  readonly [guarded]: true;
};

const guarded = Symbol("guarded");

/** Caller from the verified assertion, set by the server. */
export const callerKey = createContextKey<Caller | undefined>(undefined, { description: "caller" });

/** Namespaces of the method's permission, set by the guard. */
const namespacesKey = createContextKey<Namespaces>([], { description: "namespaces" });

const validator = createValidator();

/** Wraps each method with authorisation (by the contract's access option) and validation. */
export function guard<S extends DescService>(service: S, impl: ServiceImpl<S>): GuardedService {
  const { methods } = createServiceImplSpec(service, impl);
  const wrapped = Object.entries(methods).map(([name, spec]) => [name, guardMethod(spec)] as const);
  return { service, methods: Object.fromEntries(wrapped), [guarded]: true };
}

/** The caller's scope. Methods whose access is `public` have none. */
export function scopeOf(context: HandlerContext): Scope {
  const principal = context.values.get(callerKey)?.principal;
  if (!principal) throw credentialMissing();
  return { orgId: principal.orgId, namespaces: context.values.get(namespacesKey), principal };
}

function guardMethod(spec: MethodImplSpec): MethodImplSpec {
  const allowed = accessOf(spec.method);
  switch (spec.kind) {
    case "unary":
      return {
        ...spec,
        impl: (request: MessageShape<DescMessage>, context: HandlerContext) => {
          authorise(allowed, context);
          validate(spec.method.input, request);
          return spec.impl(request, context);
        },
      };
    case "server_streaming":
      return {
        ...spec,
        async *impl(request: MessageShape<DescMessage>, context: HandlerContext) {
          authorise(allowed, context);
          validate(spec.method.input, request);
          yield* spec.impl(request, context);
        },
      };
    case "client_streaming":
      return {
        ...spec,
        impl: async (requests: AsyncIterable<MessageShape<DescMessage>>, context: HandlerContext) => {
          authorise(allowed, context);
          return spec.impl(validateEach(spec.method.input, requests), context);
        },
      };
    case "bidi_streaming":
      return {
        ...spec,
        async *impl(requests: AsyncIterable<MessageShape<DescMessage>>, context: HandlerContext) {
          authorise(allowed, context);
          yield* spec.impl(validateEach(spec.method.input, requests), context);
        },
      };
  }
}

function accessOf(method: DescMethod): Access["kind"] {
  if (!hasOption(method, access)) throw new Error(`${method} has no access option`);
  return getOption(method, access).kind;
}

function authorise(allowed: Access["kind"], context: HandlerContext): void {
  const caller = context.values.get(callerKey);
  if (!caller) {
    throw failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_MISSING, "the call carries no assertion");
  }
  switch (allowed.case) {
    case "public":
    case "optional":
      return;
    case "authenticated":
      if (!caller.principal) throw credentialMissing();
      context.values.set(namespacesKey, "all");
      return;
    case "permission":
      if (!caller.principal) throw credentialMissing();
      permit(caller.principal, allowed.value, context);
      return;
    case "internal":
      if (!allowed.value.callers.includes(caller.process)) throw internalOnly(context.method);
      context.values.set(namespacesKey, "all");
      if (allowed.value.permission && caller.principal)
        permit(caller.principal, allowed.value.permission, context);
      return;
    default:
      throw permissionMissing("none");
  }
}

function permit(principal: Principal, permission: string, context: HandlerContext): void {
  const namespaces = namespacesOf(principal, permission);
  if (namespaces.length === 0) throw permissionMissing(permission);
  context.values.set(namespacesKey, namespaces);
}

const credentialMissing = () =>
  failure(
    Code.Unauthenticated,
    ErrorReason.CREDENTIAL_MISSING,
    "a credential is required: send Authorization: Bearer <access token> or x-api-key",
  );

export const permissionMissing = (permission: string) =>
  failure(Code.PermissionDenied, ErrorReason.PERMISSION_MISSING, `permission ${permission} is required`, {
    permission,
  });

const internalOnly = (method: DescMethod) =>
  failure(
    Code.PermissionDenied,
    ErrorReason.PERMISSION_MISSING,
    `${method.parent.typeName}.${method.name} is for other processes of the mesh`,
  );

/** Validates a message by its contract's rules. Throws INVALID_ARGUMENT that names each field. */
export function validate<D extends DescMessage>(schema: D, message: MessageShape<D>): void {
  const result = validator.validate(schema, message);
  if (result.kind === "invalid") throw invalidFields(result.violations.map(toFieldViolation));
  if (result.kind === "error") throw result.error;
}

function toFieldViolation(violation: Violation) {
  const field = violation.field.map(toPathElement).join("");
  return { field: field.replace(/^\./, "") || "request", description: violation.message };
}

function toPathElement(element: Violation["field"][number]): string {
  switch (element.kind) {
    case "field":
    case "oneof":
      return `.${element.name}`;
    case "extension":
      return `.[${element.typeName}]`;
    case "list_sub":
      return `[${element.index}]`;
    case "map_sub":
      return `[${JSON.stringify(element.key)}]`;
  }
}

async function* validateEach<D extends DescMessage>(
  schema: D,
  messages: AsyncIterable<MessageShape<D>>,
): AsyncIterable<MessageShape<D>> {
  for await (const message of messages) {
    validate(schema, message);
    yield message;
  }
}
