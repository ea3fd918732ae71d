import { NamespaceContentState as State } from "../../../gen/sluice/common/v1/namespaces_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Jobs } from "../../lib/jobs/jobs.ts";
import type { ContentClients } from "./content-clients.ts";
import { isEmpty, setContentState } from "./delete-content.ts";
import { deleteNamespace, listDeleting, lockDeleting, type NamespaceRow } from "./namespace-repository.ts";

type DeletionDeps = { readonly db: Db; readonly contents: ContentClients };
type Deletion = { readonly orgId: string; readonly namespace: string };

const queue = "delete-namespace";
const concurrency = 2;

/** Adds the job that removes a namespace with its content, unless it waits or runs already. */
export const enqueueDeletion = (
  jobs: Jobs,
  tx: Db,
  { orgId, name, createTime }: Pick<NamespaceRow, "orgId" | "name" | "createTime">,
): Promise<void> => {
  // A later namespace of that name is another one.
  const key = `${orgId}/${name}/${createTime.getTime()}`;
  return jobs.enqueue(tx, queue, { orgId, namespace: name }, { key });
};

/**
 * Runs the jobs until disposed. One that ends early is repeated: each of its steps can be. Deletions whose jobs a backup
 * did not have go on.
 */
export async function workOnDeletions(jobs: Jobs, deps: DeletionDeps): Promise<AsyncDisposable> {
  for (const row of await listDeleting(deps.db)) await enqueueDeletion(jobs, deps.db, row);
  return jobs.work<Deletion>(queue, { concurrency }, async (deletion, signal) => {
    while (!(await deleteSome(deps, deletion))) signal.throwIfAborted();
  });
}

/**
 * Removes a part of a namespace that is being deleted, and the namespace when nothing is left. True if it is gone. The
 * row's lock lets one process do this at a time: a late one would empty a new namespace of that name.
 */
export const deleteSome = ({ db, contents }: DeletionDeps, deletion: Deletion): Promise<boolean> =>
  db.transaction(async (tx) => {
    if (!(await lockDeleting(tx, deletion))) return true;
    if (!isEmpty(await setContentState(contents, deletion, State.CLEARED))) return false;
    // A later one of that name starts open.
    await setContentState(contents, deletion, State.OPEN);
    await deleteNamespace(tx, deletion);
    return true;
  });
