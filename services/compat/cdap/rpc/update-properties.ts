import type { MethodImpl } from "@connectrpc/connect";
import type { NamespaceService } from "../../../../gen/compat/cdap/v1/namespaces_pb.ts";
import { ErrorReason } from "../../../../gen/sluice/common/v1/errors_pb.ts";
import { Namespace_State as State } from "../../../../gen/sluice/identity/v1/namespaces_pb.ts";
import { hasReason } from "../../../lib/rpc/errors.ts";
import { answeredBy } from "../../answered-by.ts";
import type { CdapDeps } from "../deps.ts";
import { namespaceBusy, namespaceUnknown } from "../errors.ts";
import { sentence } from "../message.ts";
import { readMeta } from "../read-meta.ts";
import { withNamespace } from "../with-namespace.ts";

/** Attempts of a change beside others. */
const attemptsMax = 5;

type Change = ReturnType<typeof readMeta>;

export const updateProperties =
  (deps: CdapDeps): MethodImpl<typeof NamespaceService.method.updateProperties> =>
  async ({ namespace: name, body }) => {
    const change = readMeta(body);
    for (let count = 0; count < attemptsMax; count += 1) {
      const isDone = await withNamespace(name, namespaceUnknown, () => update(deps, name, change));
      if (isDone) return { body: sentence(`Updated properties for namespace '${name}'.`) };
    }
    throw namespaceBusy(name);
  };

/** Adds the change to the present settings. False if these were changed since they were read. */
async function update({ namespaces }: CdapDeps, name: string, { description, config }: Change) {
  const found = await namespaces.getNamespace({ name });
  const { etag, properties, state } = answeredBy("identity", found.namespace);
  if (state === State.DELETING) throw namespaceUnknown(name);
  const paths = [
    ...(description === undefined ? [] : ["description"]),
    ...(config === undefined ? [] : ["properties"]),
  ];
  if (paths.length === 0) return true;
  const changed = { name, etag, description: description ?? "", properties: { ...properties, ...config } };
  try {
    await namespaces.updateNamespace({ namespace: changed, updateMask: { paths } });
    return true;
  } catch (error) {
    if (hasReason(error, ErrorReason.ETAG_MISMATCH)) return false;
    throw error;
  }
}
