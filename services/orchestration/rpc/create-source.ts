import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  CreateSourceResponseSchema,
  SourceService,
} from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import type { Db } from "../../lib/database/database.ts";
import { violatedConstraint } from "../../lib/database/database-failure.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import { newId } from "../../lib/values/ids.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceExists } from "../errors.ts";
import { previewDryRun } from "../executions/read-preview.ts";
import { toSource } from "../message.ts";
import { onceRequested } from "../requests.ts";
import { displayNameConstraint, insertSource } from "../source-repository.ts";
import { checkSecrets, refuseInsecureLogin } from "../sources/check-source.ts";
import { dryRun } from "../sources/dry-run.ts";

const method = SourceService.method.createSource;

export const createSource =
  (deps: OrchestrationDeps): MethodImpl<typeof method> =>
  async (request, context) => {
    const { db, connectors, secrets } = deps;
    const { displayName, connector: name, settings = {}, namespace } = required(request.source, "source");
    const connector = connectors.get(name);
    if (!connector) {
      throw invalidField("source.connector", `is none of ${[...connectors.keys()].join(", ")}`);
    }
    const opened = connector.open(settings, "source.settings");
    const scope = scopeOf(context);
    await requireNamespace(deps.policies, scope, namespace);
    refuseInsecureLogin(scope, opened);
    await checkSecrets(secrets, scope, opened);
    const insert = async (tx: Db) => {
      const source = { sourceId: newId(), namespace, displayName, connector: name, settings };
      return create(CreateSourceResponseSchema, { source: toSource(await insertSource(tx, scope, source)) });
    };
    try {
      if (!request.validateOnly) return await onceRequested(db, scope, { method, request }, insert);
      await dryRun(db, insert);
      return create(CreateSourceResponseSchema, await previewDryRun(deps, context, opened));
    } catch (error) {
      throw violatedConstraint(error) === displayNameConstraint ? sourceExists(displayName) : error;
    }
  };
