import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type ApiKey, ApiKeySchema } from "../../gen/sluice/identity/v1/api_keys_pb.ts";
import { type Org, OrgSchema } from "../../gen/sluice/identity/v1/orgs_pb.ts";
import {
  type Secret,
  SecretDestinationSchema,
  SecretSchema,
} from "../../gen/sluice/identity/v1/secrets_pb.ts";
import { type User, UserSchema } from "../../gen/sluice/identity/v1/users_pb.ts";
import type { ApiKeyRow } from "./api-key-repository.ts";
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
  });

export const toSecret = (row: SecretName): Secret =>
  create(SecretSchema, {
    name: row.name,
    createTime: timestampFromDate(row.createTime),
    updateTime: timestampFromDate(row.updateTime),
    destinations: (row.destinations ?? []).map((given) => create(SecretDestinationSchema, given)),
  });
