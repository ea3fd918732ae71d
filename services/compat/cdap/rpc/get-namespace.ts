import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../../gen/compat/cdap/v1/namespaces_pb.ts";
import { Namespace_State as State } from "../../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { answeredBy } from "../../answered-by.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceUnknown } from "../errors.ts";
import { toMeta } from "../message.ts";
import { withNamespace } from "../with-namespace.ts";

export const getNamespace =
  ({ namespaces }: CdapDeps): MethodImpl<typeof NamespaceService.method.getNamespace> =>
  async ({ namespace: name }) => {
    const found = await withNamespace(name, namespaceUnknown, () => namespaces.getNamespace({ name }));
    const namespace = answeredBy("identity", found.namespace);
    if (namespace.state === State.DELETING) throw namespaceUnknown(name);
    return { meta: toMeta(namespace) };
  };
