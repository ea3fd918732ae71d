import type { MethodImpl } from "@connectrpc/connect";
import type { PreferencesService } from "../../../../gen/compat/cdap/v1/preferences_pb.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceNotPresent } from "../errors.ts";
import { noBytes } from "../message.ts";
import { withNamespace } from "../with-namespace.ts";

export const deletePreferences =
  ({ namespaces }: CdapDeps): MethodImpl<typeof PreferencesService.method.deletePreferences> =>
  async ({ namespace }) => {
    await withNamespace(namespace, namespaceNotPresent, () => namespaces.deletePreferences({ namespace }));
    return { body: noBytes() };
  };
