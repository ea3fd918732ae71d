import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type ApiKey, ApiKeySchema } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { type ExternalId, ExternalIdSchema } from "../../gen/sluice/identity/v1/delegation_pb.ts";
import { type Grant, GrantSchema } from "../../gen/sluice/identity/v1/grants_pb.ts";
import {
  type Namespace,
  Namespace_State,
  NamespaceSchema,
} from "../../gen/sluice/identity/v1/namespaces_pb.ts";
import { type Org, OrgSchema } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import {
  type Secret,
  SecretDestinationSchema,
  SecretSchema,
} from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { type User, UserSchema } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { ApiKeyRow } from "./api-keys/api-key-repository.ts";
import type { ExternalIdRow } from "./delegation/delegation-repository.ts";
import type { GrantRow } from "./grants/grant-repository.ts";
import type { NamespaceRow } from "./namespaces/namespace-repository.ts";
import type { OrgRow } from "./org-repository.ts";
import type { SecretName } from "./secret-repository.ts";
import type { UserRow } from "./user-repository.ts";

export const toOrg = (row: OrgRow): Org =>
  create(OrgSchema, {
    orgId: row.orgId,
    name: row.name,
    displayName: row.displayName,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
  });

export const toUser = (row: UserRow): User =>
  create(UserSchema, {
    userId: row.userId,
    orgId: row.orgId,
    email: row.email,
    displayName: row.displayName,
    roles: row.roles,
    groups: row.groups,
    active: row.active,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
  });

export const toApiKey = (row: ApiKeyRow): ApiKey =>
  create(ApiKeySchema, {
    apiKeyId: row.apiKeyId,
    userId: row.userId,
    displayName: row.displayName,
    roles: row.roles,
    ...(row.expireTime && { expireTime: timestampFromDate(row.expireTime) }),
    createTime: timestampFromDate(row.createTime),
    prefix: row.prefix,
    permissions: row.permissions,
    namespaces: row.namespaces,
    delegateOrgIds: row.delegateOrgIds,
    ...(row.defaultOrgId !== null && { defaultOrgId: row.defaultOrgId }),
    parentApiKeyId: row.parentApiKeyId ?? "",
    ...(row.lastUseTime && { lastUseTime: timestampFromDate(row.lastUseTime) }),
    lastUseAddress: row.lastUseAddress ?? "",
  });

export const toNamespace = (row: NamespaceRow): Namespace =>
  create(NamespaceSchema, {
    name: row.name,
    displayName: row.displayName,
    description: row.description,
    properties: { ...row.properties },
    state: row.state === "active" ? Namespace_State.ACTIVE : Namespace_State.DELETING,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    etag: String(row.revision),
  });

export const toGrant = (row: GrantRow): Grant =>
  create(GrantSchema, {
    grantId: row.grantId,
    grantee: toGrantee(row),
    role: row.role,
    namespace: row.namespace ?? "",
    creatorUserId: row.creatorUserId ?? "",
    createTime: timestampFromDate(row.createTime),
  });

function toGrantee({ userId, apiKeyId, groupName }: GrantRow): Grant["grantee"] {
  if (userId !== null) return { case: "userId", value: userId };
  if (apiKeyId !== null) return { case: "apiKeyId", value: apiKeyId };
  return { case: "group", value: groupName ?? "" };
}

export const toExternalId = (row: ExternalIdRow): ExternalId =>
  create(ExternalIdSchema, {
    kind: row.kind,
    externalId: row.externalId,
    orgId: row.orgId,
    userId: row.userId ?? "",
    createTime: timestampFromDate(row.createTime),
  });

export const toSecret = (row: SecretName): Secret =>
  create(SecretSchema, {
    name: row.name,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    destinations: (row.destinations ?? []).map((given) => create(SecretDestinationSchema, given)),
  });
