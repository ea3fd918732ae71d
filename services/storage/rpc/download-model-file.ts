import type { MethodImpl } from "@connectrpc/connect";
import type { ModelService } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { answerContent } from "../download/answer-content.ts";
import { findFile } from "../file-repository.ts";
import { countDownloads } from "../models/downloads/count-downloads.ts";
import { modelFileNotFound } from "../models/model-errors.ts";
import { requireReady } from "../models/require.ts";

export const downloadModelFile = ({
  db,
  content,
  downloads,
}: StorageDeps): MethodImpl<typeof ModelService.method.downloadModelFile> =>
  async function* (request, context) {
    const scope = scopeOf(context);
    const { model, version: number, path, headOnly } = request;
    const version = await requireReady(db, scope, request, number);
    const fileId = version.files.find((each) => each.path === path)?.fileId;
    const file = fileId && (await findFile(db, scope, fileId));
    if (!file) throw modelFileNotFound(model, number, path);
    const metadata = context.requestHeader;
    const answer = answerContent(content, file, { conditions: request, metadata, headOnly });
    if (headOnly) yield* answer;
    else yield* countDownloads(answer, request.range, () => downloads.add(version.modelVersionId, path));
  };
