import { and, eq, inArray, type SQL } from "drizzle-orm";
import { type PgColumn, text, uuid } from "drizzle-orm/pg-core";
import { notFound } from "../rpc/errors.ts";
import type { Scope } from "../rpc/guard.ts";

/** The namespace that every organisation has. */
export const defaultNamespace = "default";

declare const withNamespace: unique symbol;
/**
 * The organisation of a row that belongs to a namespace. `scope.orgId` is no such value, so that a condition on the
 * organisation alone does not compile: `within` is the only way to one.
 */
export type OwnerOrgId = string & { readonly [withNamespace]: true };

/** Columns of a table whose rows belong to a namespace. */
export const ownerColumns = () => ({
  orgId: uuid("org_id").$type<OwnerOrgId>().notNull(),
  namespace: text("namespace").notNull().default(defaultNamespace),
});

type Owned = {
  readonly orgId: PgColumn & { readonly _: { readonly data: OwnerOrgId } };
  readonly namespace: PgColumn;
};

/** Condition for the rows of the scope's organisation in the scope's namespaces. */
export function within({ orgId, namespaces }: Pick<Scope, "orgId" | "namespaces">, table: Owned): SQL {
  const ofOrg = eq(table.orgId, orgId as OwnerOrgId);
  const condition = namespaces === "all" ? ofOrg : and(ofOrg, inArray(table.namespace, [...namespaces]));
  return condition ?? ofOrg;
}

/** Access of background work, which has no caller whose namespaces would limit it. */
export const everywhere = ({ orgId }: Pick<Scope, "orgId">) => ({ orgId, namespaces: "all" as const });

/** Whether the scope has the namespace. */
export const hasNamespace = ({ namespaces }: Pick<Scope, "namespaces">, name: string): boolean =>
  namespaces === "all" || namespaces.includes(name);

/** Owner of a new row; the default namespace if `namespace` is empty. NotFound outside of the scope's namespaces. */
export function ownerIn(
  scope: Pick<Scope, "orgId" | "namespaces">,
  namespace: string,
): { orgId: OwnerOrgId; namespace: string } {
  const name = namespace || defaultNamespace;
  if (!hasNamespace(scope, name)) throw namespaceNotFound(name);
  return { orgId: scope.orgId as OwnerOrgId, namespace: name };
}

/** The scope narrowed to one namespace, for lists; unchanged if `namespace` is empty. */
export function narrow(scope: Scope, namespace: string): Scope {
  if (namespace === "") return scope;
  return { ...scope, namespaces: hasNamespace(scope, namespace) ? [namespace] : [] };
}

export const namespaceNotFound = (name: string) => notFound("namespace", name);
