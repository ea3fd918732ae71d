import { invalidField } from "../../../services/lib/rpc/errors.ts";

/** Where uploads are created; each has its id below it. */
export const tusPath = "/api/v1/storage/tus";

export const idPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const locationOf = (uploadId: string): string => `${tusPath}/${uploadId}`;

/** The id of an upload in its URL, absolute or relative. */
export function idInUrl(url: string): string {
  const path = url.replace(/^https?:\/\/[^/]*/i, "").split(/[?#]/, 1)[0] ?? "";
  const id = path.slice(path.lastIndexOf("/") + 1);
  // A proxy can serve the edge below a path, so that more may stand in front.
  const isUpload = idPattern.test(id) && (path === id || path.endsWith(locationOf(id)));
  if (!isUpload) throw invalidField("upload-concat", "must be final; and the URLs of partial uploads");
  return id;
}
