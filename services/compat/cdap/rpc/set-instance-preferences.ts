import type { MethodImpl } from "@connectrpc/connect";
import type { PreferencesService } from "../../../../gen/compat/cdap/v1/preferences_pb.ts";
import type { CdapDeps } from "../deps.ts";
import { noBytes } from "../message.ts";
import { readPreferences } from "../read-preferences.ts";

export const setInstancePreferences =
  ({ namespaces }: CdapDeps): MethodImpl<typeof PreferencesService.method.setInstancePreferences> =>
  async ({ body }) => {
    await namespaces.setPreferences({ preferences: readPreferences(body) });
    return { body: noBytes() };
  };
