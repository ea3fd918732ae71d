import type { Scope } from "../../lib/rpc/guard.ts";
import { allowsEverywhere } from "../../lib/rpc/permissions.ts";
import { apiKeyNotYours } from "../errors.ts";
import type { ApiKeyRow } from "./api-key-repository.ts";

/** Refuses changes of another user's key without the permission `users.write`. */
export function refuseForeignKey({ principal }: Scope, key: Pick<ApiKeyRow, "apiKeyId" | "userId">): void {
  if (key.userId === principal.userId || allowsEverywhere(principal, "users.write")) return;
  throw apiKeyNotYours(key.apiKeyId);
}
