import { NamespaceService } from "../../../gen/compat/cdap/v1/namespaces_pb.ts";
import { PreferencesService } from "../../../gen/compat/cdap/v1/preferences_pb.ts";
import { ProgramService } from "../../../gen/compat/cdap/v1/programs_pb.ts";
import { TokenService } from "../../../gen/compat/cdap/v1/tokens_pb.ts";
import { type GuardedService, guard } from "../../lib/rpc/guard.ts";
import type { CdapDeps } from "./deps.ts";
import { createNamespace } from "./rpc/create-namespace.ts";
import { deleteInstancePreferences } from "./rpc/delete-instance-preferences.ts";
import { deleteNamespace } from "./rpc/delete-namespace.ts";
import { deletePreferences } from "./rpc/delete-preferences.ts";
import { getInstancePreferences } from "./rpc/get-instance-preferences.ts";
import { getNamespace } from "./rpc/get-namespace.ts";
import { getPreferences } from "./rpc/get-preferences.ts";
import { getToken } from "./rpc/get-token.ts";
import { listNamespaces } from "./rpc/list-namespaces.ts";
import { runBatch } from "./rpc/run-batch.ts";
import { setInstancePreferences } from "./rpc/set-instance-preferences.ts";
import { setPreferences } from "./rpc/set-preferences.ts";
import { updateProperties } from "./rpc/update-properties.ts";

/** Services of CDAP's API. */
export const cdapServices = (deps: CdapDeps): GuardedService[] => [
  guard(NamespaceService, {
    listNamespaces: listNamespaces(deps),
    getNamespace: getNamespace(deps),
    createNamespace: createNamespace(deps),
    updateProperties: updateProperties(deps),
    deleteNamespace: deleteNamespace(deps),
  }),
  guard(PreferencesService, {
    getInstancePreferences: getInstancePreferences(deps),
    setInstancePreferences: setInstancePreferences(deps),
    deleteInstancePreferences: deleteInstancePreferences(deps),
    getPreferences: getPreferences(deps),
    setPreferences: setPreferences(deps),
    deletePreferences: deletePreferences(deps),
  }),
  guard(TokenService, { getToken: getToken(deps) }),
  guard(ProgramService, { runBatch: runBatch(deps) }),
];
