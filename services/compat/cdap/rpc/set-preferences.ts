import type { MethodImpl } from "@connectrpc/connect";
import type { PreferencesService } from "../../../../gen/compat/cdap/v1/preferences_pb.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceNotPresent } from "../errors.ts";
import { noBytes } from "../message.ts";
import { readPreferences } from "../read-preferences.ts";
import { withNamespace } from "../with-namespace.ts";

export const setPreferences =
  ({ namespaces }: CdapDeps): MethodImpl<typeof PreferencesService.method.setPreferences> =>
  async ({ namespace, body }) => {
    const preferences = readPreferences(body);
    await withNamespace(namespace, namespaceNotPresent, () =>
      namespaces.setPreferences({ namespace, preferences }),
    );
    return { body: noBytes() };
  };
