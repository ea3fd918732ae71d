import type { MethodImpl } from "@connectrpc/connect";
import type { PreferencesService } from "../../../../gen/compat/cdap/v1/preferences_pb.ts";
import type { CdapDeps } from "../deps.ts";

export const getInstancePreferences =
  ({ namespaces }: CdapDeps): MethodImpl<typeof PreferencesService.method.getInstancePreferences> =>
  async () => {
    const { preferences } = await namespaces.getPreferences({});
    return { preferences };
  };
