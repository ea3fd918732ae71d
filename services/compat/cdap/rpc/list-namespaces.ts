import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../../gen/compat/cdap/v1/namespaces_pb.ts";
import {
  type Namespace,
  Namespace_State as State,
} from "../../../../gen/sluice/identity/v1/namespaces_pb.ts";
import type { CdapDeps } from "../deps.ts";
import { toMeta } from "../message.ts";

/** Most namespaces that are read. The contract states it. */
const namespacesMax = 100_000;
const pageSize = 1000;

export const listNamespaces =
  ({ namespaces }: CdapDeps): MethodImpl<typeof NamespaceService.method.listNamespaces> =>
  async () => {
    const read: Namespace[] = [];
    let pageToken = "";
    do {
      const page = await namespaces.listNamespaces({ pageSize, pageToken });
      read.push(...page.namespaces);
      pageToken = page.nextPageToken;
    } while (pageToken !== "" && read.length < namespacesMax);
    const active = read.filter(({ state }) => state !== State.DELETING);
    return { namespaces: active.sort(byName).map(toMeta) };
  };

const byName = (one: Namespace, other: Namespace): number => (one.name < other.name ? -1 : 1);
