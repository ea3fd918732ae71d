import type { MethodImpl } from "@connectrpc/connect";
import type { PreferencesService } from "../../../../gen/compat/cdap/v1/preferences_pb.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceNotPresent } from "../errors.ts";
import { withNamespace } from "../with-namespace.ts";

export const getPreferences =
  ({ namespaces }: CdapDeps): MethodImpl<typeof PreferencesService.method.getPreferences> =>
  async ({ namespace, resolved }) => {
    const request = { namespace, resolved: resolved.toLowerCase() === "true" };
    const { preferences } = await withNamespace(namespace, namespaceNotPresent, () =>
      namespaces.getPreferences(request),
    );
    return { preferences };
  };
