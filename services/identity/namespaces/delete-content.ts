import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { NamespaceContentState as State } from "../../../gen/sluice/common/v1/namespaces_pb.ts";
import { failure } from "../../lib/rpc/errors.ts";
import type { ContentClients } from "./content-clients.ts";

type NamespaceKey = { readonly orgId: string; readonly namespace: string };

const timeoutMs = 20_000;

/** Numbers of resources by kind. */
export type ContentCounts = Readonly<Record<string, number>>;

/** Sets the state in every service, and returns what is left in all of them. Unavailable names a missing service. */
export async function setContentState(
  clients: ContentClients,
  key: NamespaceKey,
  state: State,
): Promise<ContentCounts> {
  const counts: Record<string, number> = {};
  const answers = await Promise.allSettled(
    Object.entries(clients).map(async ([service, client]) => {
      try {
        return await client.setNamespaceState({ ...key, state }, { timeoutMs });
      } catch (error) {
        throw toFailure(service, error);
      }
    }),
  );
  for (const answer of answers) {
    if (answer.status === "rejected") throw answer.reason;
    for (const [kind, count] of Object.entries(answer.value.counts)) {
      counts[kind] = (counts[kind] ?? 0) + Number(count);
    }
  }
  return counts;
}

export const isEmpty = (counts: ContentCounts): boolean => Object.keys(counts).length === 0;

function toFailure(service: string, error: unknown): unknown {
  const { code } = ConnectError.from(error);
  if (code !== Code.Unavailable && code !== Code.DeadlineExceeded) return error;
  return failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, `${service} does not answer`, {
    peer: service,
  });
}
