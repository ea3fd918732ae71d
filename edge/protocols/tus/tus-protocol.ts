import { ResumableUploadService } from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import type { CallServices } from "../../call/call-services.ts";
import { methodNotAllowed, pathUnknown } from "../../errors/http-error.ts";
import type { Exchange } from "../../http/exchange.ts";
import { headerOf } from "../../http/http.ts";
import { sendWhole } from "../../http/send.ts";
import { accessOf } from "../../method/access.ts";
import type { Protocol } from "../protocol.ts";
import { appendBody } from "./append-body.ts";
import { createUpload } from "./create-upload.ts";
import { deleteUpload, describeUpload } from "./describe-upload.ts";
import { idPattern, tusPath } from "./paths.ts";
import { requireVersion, serverHeaders, version } from "./version.ts";

const { method: methods } = ResumableUploadService;

/** What a request does, by its HTTP method. */
type Action = {
  readonly method: (typeof methods)[keyof typeof methods];
  run(services: CallServices, exchange: Exchange, uploadId: string): Promise<void>;
};

const onCollection: Readonly<Record<string, Action>> = {
  POST: { method: methods.createResumableUpload, run: createUpload },
};

const onUpload: Readonly<Record<string, Action>> = {
  HEAD: { method: methods.getResumableUpload, run: describeUpload },
  PATCH: { method: methods.appendResumableUpload, run: appendBody },
  DELETE: { method: methods.deleteResumableUpload, run: deleteUpload },
};

/** tus 1.0: uploads that can be resumed, in the protocol that upload libraries speak (https://tus.io). */
export const createTusProtocol = (services: CallServices): Protocol => ({
  name: "tus",
  claims: ({ path }) => path === tusPath || path.startsWith(`${tusPath}/`),
  async handle(exchange) {
    const { request, response, path } = exchange;
    response.setHeader("tus-resumable", version);
    const uploadId = path.slice(tusPath.length + 1);
    exchange.route = uploadId === "" ? tusPath : `${tusPath}/{upload_id}`;
    // For clients that can send GET and POST only.
    const verb = (headerOf(request, "x-http-method-override") ?? request.method ?? "").toUpperCase();
    if (verb === "OPTIONS") return sendWhole(exchange, 204, serverHeaders, "");
    requireVersion(request);
    const actions = uploadId === "" ? onCollection : onUpload;
    const action = Object.hasOwn(actions, verb) ? actions[verb] : undefined;
    if (!action) throw methodNotAllowed([...Object.keys(actions), "OPTIONS"]);
    exchange.method = action.method;
    if (uploadId !== "" && !idPattern.test(uploadId)) throw pathUnknown();
    await services.admit(exchange, action.method, accessOf(action.method));
    await action.run(services, exchange, uploadId);
  },
});
