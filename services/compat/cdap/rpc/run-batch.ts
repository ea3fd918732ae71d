import type { MethodImpl } from "@connectrpc/connect";
import type { ProgramService } from "../../../../gen/compat/cdap/v1/programs_pb.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceUnknown } from "../errors.ts";
import { readPrograms } from "../read-programs.ts";
import { withNamespace } from "../with-namespace.ts";

const notImplemented = 501;

export const runBatch =
  ({ namespaces }: CdapDeps): MethodImpl<typeof ProgramService.method.runBatch> =>
  async ({ namespace: name, body }) => {
    const programs = readPrograms(body);
    await withNamespace(name, namespaceUnknown, () => namespaces.getNamespace({ name }));
    return {
      results: programs.map((program) => ({
        ...program,
        statusCode: notImplemented,
        error: "Feature 'apps' is not enabled.",
      })),
    };
  };
