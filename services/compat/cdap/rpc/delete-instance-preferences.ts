import type { MethodImpl } from "@connectrpc/connect";
import type { PreferencesService } from "../../../../gen/compat/cdap/v1/preferences_pb.ts";
import type { CdapDeps } from "../deps.ts";
import { noBytes } from "../message.ts";

export const deleteInstancePreferences =
  ({ namespaces }: CdapDeps): MethodImpl<typeof PreferencesService.method.deleteInstancePreferences> =>
  async () => {
    await namespaces.deletePreferences({});
    return { body: noBytes() };
  };
