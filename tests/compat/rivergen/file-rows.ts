import { expect } from "vitest";
import {
  absent,
  as,
  asAnn,
  invalid,
  lacking,
  missing,
  ok,
  pagination,
  problem,
  type Row,
  type Scene,
  signedUrl,
  time,
  unauthenticated,
  uuid,
} from "./row.ts";

const objectOf = (name: string) =>
  expect.stringMatching(
    new RegExp(`^organizations/[\\da-f-]{36}/files/[\\da-f-]{36}/${name}_\\d{8}_\\d{6}_[\\da-f]{8}\\.\\w+$`),
  );
export const uploaded = (stem: string, extension: string, size: number, contentType: string) => ({
  file_path: objectOf(stem),
  file_name: `${stem}.${extension}`,
  unique_file_name: expect.stringMatching(new RegExp(`^${stem}_\\d{8}_\\d{6}_[\\da-f]{8}\\.${extension}$`)),
  size,
  content_type: contentType,
  s3_uri: expect.stringMatching(new RegExp(`^s3://sluice/organizations/.*/${stem}_.*\\.${extension}$`)),
  storage_file_id: uuid,
});
const listed = (name: string, category: string, contentType: string, sizeBytes: number) => ({
  storage_file_id: uuid,
  file_name: name,
  object_name: objectOf(name.split(".")[0] ?? ""),
  size_bytes: sizeBytes,
  size_mb: 0,
  content_type: contentType,
  file_category: category,
  uploaded_at: time,
  presigned_url: signedUrl,
  data_source_id: null,
  workspace_id: null,
});
const notOwn = ({ orgId, annId }: Scene) =>
  problem(
    "PERMISSION_DENIED",
    `only files in the folder organizations/${orgId}/files/${annId}/ are the caller's`,
    { reason: "PERMISSION_MISSING" },
  );
const ownAbsent = ({ orgId, annId }: Scene) => `organizations/${orgId}/files/${annId}/nothing.csv`;
const categoryWrong = invalid("file_category", "must be in list [data_source, profile_image, general]");
const uploadedMessage = "File uploaded successfully";
const listedMessage = "Files retrieved successfully";

const uploads: Row[] = [
  [
    "POST /api/v1/storage/upload",
    "OK: a file, of the category data_source by default",
    as("bob", { form: { file: "a,b\n" } }, 201, ok(uploaded("sales", "csv", 4, "text/csv"), uploadedMessage)),
  ],
  [
    "POST /api/v1/storage/upload",
    "OK: a file of a category in a folder",
    as(
      "bob",
      {
        form: { path: "/me/", file_category: "profile_image", file: "x", name: "me.png", type: "image/png" },
      },
      201,
      ok(uploaded("me", "png", 1, "image/png"), uploadedMessage),
    ),
  ],
  [
    "GET /api/v1/storage/files?file_category=profile_image",
    "OK: it is in its category",
    as(
      "bob",
      {},
      200,
      ok(
        { items: [listed("me.png", "profile_image", "image/png", 1)], pagination: pagination(1) },
        listedMessage,
      ),
    ),
  ],
  [
    "POST /api/v1/storage/upload",
    "InvalidArgument: a folder with ..",
    asAnn(
      { form: { path: "../up", file: "x" } },
      400,
      invalid("path", "must be names with / between, without backslashes, control characters, . and .."),
    ),
  ],
  [
    "POST /api/v1/storage/upload",
    "InvalidArgument: a category that there is none of",
    asAnn({ form: { file_category: "secret", file: "x" } }, 400, categoryWrong),
  ],
  [
    "POST /api/v1/storage/upload",
    "InvalidArgument: no file",
    asAnn({ form: {} }, 400, invalid("file", "is missing: the form has no such file")),
  ],
  [
    "POST /api/v1/storage/upload",
    "InvalidArgument: a field that the form does not have",
    asAnn({ form: { colour: "red", file: "x" } }, 400, invalid("colour", "is not a field of this form")),
  ],
  [
    "POST /api/v1/storage/upload",
    "PermissionDenied: a viewer",
    as("viewer", { form: { file: "x" } }, 403, lacking("storage.files.write")),
  ],
  ["POST /api/v1/storage/upload", "Unauthenticated: nobody", as("nobody", {}, 401, unauthenticated)],
];

const lists: Row[] = [
  [
    "GET /api/v1/storage/files?page_size=1",
    "OK: the caller's own files, newest first",
    asAnn({}, 200, ({ object }: Scene) =>
      ok(
        {
          items: [{ ...listed("cities.csv", "data_source", "text/csv", 268), object_name: object }],
          pagination: pagination(1, { page_size: 1 }),
        },
        listedMessage,
      ),
    ),
  ],
  [
    "GET /api/v1/storage/files?file_category=general",
    "OK: none",
    asAnn({}, 200, ok({ items: [], pagination: pagination(0) }, listedMessage)),
  ],
  [
    "GET /api/v1/storage/files",
    "OK: nobody's by a platform's key alone",
    as("key", {}, 403, lacking("storage.files.read")),
  ],
  [
    "GET /api/v1/storage/files",
    "OK: those of the user that a platform names",
    as("weakService", {}, 200, ok({ items: [], pagination: pagination(0) }, listedMessage)),
  ],
  [
    "GET /api/v1/storage/files?file_category=secret",
    "InvalidArgument: a category that there is none of",
    asAnn({}, 400, categoryWrong),
  ],
  [
    "GET /api/v1/storage/files?page_size=101",
    "InvalidArgument: too large a page",
    asAnn({}, 400, invalid("page_size", "must be greater than or equal to 1 and less than or equal to 100")),
  ],
];

const metadata = ({ object }: Scene) =>
  ok(
    {
      name: object,
      size: 268,
      content_type: "text/csv",
      last_modified: time,
      etag: expect.stringMatching(/^[\da-f]{64}$/),
    },
    "File metadata retrieved successfully",
  );
const url = (seconds: number) =>
  ok({ url: signedUrl, expires_in_seconds: seconds }, "Presigned URL generated successfully");
const secondsWrong = invalid(
  "expires_seconds",
  "must be greater than or equal to 1 and less than or equal to 604800",
);

const objects: Row[] = [
  ["GET /api/v1/storage/objects/{object}/metadata", "OK: what is known of a file", asAnn({}, 200, metadata)],
  [
    "GET /api/v1/storage/objects/{object:encoded}/metadata",
    "OK: the same with encoded slashes",
    asAnn({}, 200, metadata),
  ],
  ["GET /api/v1/storage/objects/{object}/presigned-url", "OK: a URL for an hour", asAnn({}, 200, url(3600))],
  [
    "GET /api/v1/storage/objects/{object:encoded}/presigned-url?expires_seconds=604800",
    "OK: a URL for a week",
    asAnn({}, 200, url(604_800)),
  ],
  [
    "GET /api/v1/storage/objects/{object}/presigned-url?expires_seconds=0",
    "InvalidArgument: a URL for no time",
    asAnn({}, 400, secondsWrong),
  ],
  [
    "GET /api/v1/storage/objects/{object}/presigned-url?expires_seconds=604801",
    "InvalidArgument: a URL for too long",
    asAnn({}, 400, secondsWrong),
  ],
  [
    "DELETE /api/v1/storage/objects/{doomed}",
    "OK: a file is deleted",
    asAnn({}, 200, ({ doomed }: Scene) => ok({ object_name: doomed }, "File deleted successfully")),
  ],
  [
    "DELETE /api/v1/storage/objects/{doomed}",
    "NotFound: it is gone",
    asAnn({}, 404, ({ doomed }: Scene) => missing("file", doomed)),
  ],
  [
    "DELETE /api/v1/storage/objects/{object}",
    "PermissionDenied: another's file, for a viewer",
    as("viewer", {}, 403, lacking("storage.files.write")),
  ],
  [
    "DELETE /api/v1/storage/objects/organizations/x",
    "PermissionDenied: a name that is no file's",
    asAnn({}, 403, notOwn),
  ],
  ...(["GET {}/metadata", "GET {}/presigned-url", "DELETE {}"] as const).flatMap((line): Row[] => [
    [
      line.replace("{}", "/api/v1/storage/objects/{bobs}"),
      "PermissionDenied: another's file",
      asAnn({}, 403, notOwn),
    ],
    [
      line.replace("{}", `/api/v1/storage/objects/organizations/${absent}/files/{annId}/x.csv`),
      "PermissionDenied: another organisation's",
      asAnn({}, 403, notOwn),
    ],
    [
      line.replace("{}", "/api/v1/storage/objects/organizations/{orgId}/files/{annId}/nothing.csv"),
      "NotFound: an unknown file",
      asAnn({}, 404, (scene: Scene) => missing("file", ownAbsent(scene))),
    ],
    [
      line.replace("{}", "/api/v1/storage/objects/{object}"),
      "Unauthenticated: nobody",
      as("nobody", {}, 401, unauthenticated),
    ],
  ]),
];

const gigabytes = 1024;
const limits = {
  limit_bytes: gigabytes * 1024 ** 3,
  limit_mb: gigabytes * 1024,
  limit_gb: gigabytes,
};

const quota: Row[] = [
  [
    "GET /api/v1/storage/quota",
    "OK: the organisation's limit",
    as("viewer", {}, 200, ok(limits, "Storage quota retrieved successfully")),
  ],
  [
    "GET /api/v1/storage/usage",
    "OK: what the organisation uses",
    as(
      "viewer",
      {},
      200,
      ok(
        {
          used_bytes: expect.any(Number),
          used_mb: 0,
          used_gb: 0,
          ...limits,
          available_bytes: expect.any(Number),
          usage_percentage: 0,
          file_count: expect.any(Number),
        },
        "Storage usage retrieved successfully",
      ),
    ),
  ],
  ["GET /api/v1/storage/quota", "Unauthenticated: nobody", as("nobody", {}, 401, unauthenticated)],
  [
    "GET /api/v1/storage/usage",
    "PermissionDenied: a key alone",
    as("key", {}, 403, lacking("storage.quota.read")),
  ],
];

/** The list comes before what adds to it. */
export const fileRows: readonly Row[] = [...objects, ...lists, ...uploads, ...quota];
