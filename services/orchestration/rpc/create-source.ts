import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  CreateSourceResponseSchema,
  SourceService,
} from "../../../gen/sluice/orchestration/v1/sources_pb.ts";
import { violatedConstraint } from "../../lib/database-failure.ts";
import { invalidField } from "../../lib/errors.ts";
import { scopeOf } from "../../lib/guard.ts";
import { newId } from "../../lib/ids.ts";
import { required } from "../../lib/updates.ts";
import { checkSecrets, refuseInsecureLogin } from "../check-source.ts";
import type { OrchestrationDeps } from "../deps.ts";
import { sourceExists } from "../errors.ts";
import { toSource } from "../message.ts";
import { onceRequested } from "../requests.ts";
import { displayNameConstraint, insertSource } from "../source-repository.ts";

const method = SourceService.method.createSource;

export const createSource =
  ({ db, connectors, secrets }: OrchestrationDeps): MethodImpl<typeof method> =>
  async (request, context) => {
    const { displayName, connector: name, settings = {} } = required(request.source, "source");
    const connector = connectors.get(name);
    if (!connector) {
      throw invalidField("source.connector", `is none of ${[...connectors.keys()].join(", ")}`);
    }
    const opened = connector.open(settings, "source.settings");
    const scope = scopeOf(context);
    refuseInsecureLogin(scope, opened);
    await checkSecrets(secrets, opened);
    try {
      return await onceRequested(db, scope, { method, request }, async (tx) => {
        const source = { sourceId: newId(), displayName, connector: name, settings };
        return create(CreateSourceResponseSchema, {
          source: toSource(await insertSource(tx, scope, source)),
        });
      });
    } catch (error) {
      throw violatedConstraint(error) === displayNameConstraint ? sourceExists(displayName) : error;
    }
  };
