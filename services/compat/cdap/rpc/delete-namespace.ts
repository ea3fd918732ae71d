import { setTimeout as wait } from "node:timers/promises";
import { Code, ConnectError, type MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../../gen/compat/cdap/v1/namespaces_pb.ts";
import { ErrorReason } from "../../../../gen/sluice/common/v1/errors_pb.ts";
import { Namespace_State as State } from "../../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { hasReason } from "../../../lib/rpc/errors.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceStays, namespaceUnknown, resetDisabled } from "../errors.ts";
import { noBytes } from "../message.ts";
import { withNamespace } from "../with-namespace.ts";

/** How long a call waits for the end of a deletion. The contract states it. */
const waitMsMax = 5_000;
const pauseMs = 100;

export const deleteNamespace =
  (deps: CdapDeps): MethodImpl<typeof NamespaceService.method.deleteNamespace> =>
  async ({ namespace: name }, { signal }) => {
    if (!deps.unrecoverableReset) throw resetDisabled(name);
    await withNamespace(name, namespaceUnknown, () => begin(deps, name));
    const endMs = Date.now() + waitMsMax;
    while (!(await isGone(deps, name)) && Date.now() < endMs) await wait(pauseMs, undefined, { signal });
    return { body: noBytes() };
  };

async function begin({ namespaces }: CdapDeps, name: string): Promise<void> {
  const { namespace } = await namespaces.getNamespace({ name });
  if (namespace?.state === State.DELETING) throw namespaceUnknown(name);
  try {
    await namespaces.deleteNamespace({ name, force: true });
  } catch (error) {
    if (hasReason(error, ErrorReason.NAMESPACE_RESERVED)) throw namespaceStays(name);
    throw error;
  }
}

async function isGone({ namespaces }: CdapDeps, name: string): Promise<boolean> {
  try {
    await namespaces.getNamespace({ name });
    return false;
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound) return true;
    throw error;
  }
}
