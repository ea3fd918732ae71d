import type { MethodImpl } from "@connectrpc/connect";
import type { SourceService } from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { Settings } from "../connectors/connector.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { connectorNotFound } from "../errors.ts";
import { readPreview } from "../executions/read-preview.ts";
import { checkSecrets, refuseInsecureLogin } from "../sources/check-source.ts";

const maxRowsDefault = 20;

export const previewSource =
  (deps: OrchestrationDeps): MethodImpl<typeof SourceService.method.previewSource> =>
  async ({ connector: name, settings, table, maxRows }, context) => {
    const connector = deps.connectors.get(name);
    if (!connector) throw connectorNotFound(name);
    const source = connector.open(settings as Settings, "settings");
    const scope = scopeOf(context);
    refuseInsecureLogin(scope, source);
    await checkSecrets(deps.secrets, scope, source);
    return {
      preview: await readPreview(deps, context, source, { table, maxRows: maxRows || maxRowsDefault }),
    };
  };
