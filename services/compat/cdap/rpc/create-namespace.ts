import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../../gen/compat/cdap/v1/namespaces_pb.ts";
import { ErrorReason } from "../../../../gen/sluice/common/v1/errors_pb.ts";
import { Namespace_State as State } from "../../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { hasReason } from "../../../lib/rpc/errors.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceDeleting, namespaceIdInvalid, namespaceIdTooLong, namespaceReserved } from "../errors.ts";
import { sentence } from "../message.ts";
import { readMeta } from "../read-meta.ts";
import { isName, nameCharactersMax } from "../with-namespace.ts";

export const createNamespace =
  (deps: CdapDeps): MethodImpl<typeof NamespaceService.method.createNamespace> =>
  async ({ namespace: name, body }) => {
    checkName(name);
    const { description = "", config = {} } = readMeta(body);
    try {
      await deps.namespaces.createNamespace({ namespace: { name, description, properties: config } });
      return { body: sentence(`Namespace '${name}' created successfully.`) };
    } catch (error) {
      if (hasReason(error, ErrorReason.NAMESPACE_RESERVED)) throw namespaceReserved(name);
      if (!(error instanceof ConnectError) || error.code !== Code.AlreadyExists) throw error;
      if (await isBeingDeleted(deps, name)) throw namespaceDeleting(name);
      return { body: sentence(`Namespace '${name}' already exists.`) };
    }
  };

function checkName(name: string): void {
  if (!isName(name)) throw namespaceIdInvalid();
  if (name.length > nameCharactersMax) throw namespaceIdTooLong(nameCharactersMax);
}

/** False for a namespace that the caller can't read. */
async function isBeingDeleted({ namespaces }: CdapDeps, name: string): Promise<boolean> {
  try {
    const { namespace } = await namespaces.getNamespace({ name });
    return namespace?.state === State.DELETING;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) return false;
    throw error;
  }
}
