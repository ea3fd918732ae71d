import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { etagMismatch, failure, notFound } from "../../lib/rpc/errors.ts";

export const modelNotFound = (model: string): ConnectError => notFound("model", model);

export const versionNotFound = (model: string, version: number): ConnectError =>
  failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, `version ${version} of model ${model} not found`, {
    model,
    version: String(version),
  });

export const aliasNotFound = (model: string, alias: string): ConnectError =>
  failure(Code.NotFound, ErrorReason.RESOURCE_NOT_FOUND, `alias ${alias} of model ${model} not found`, {
    model,
    alias,
  });

export const modelFileNotFound = (model: string, version: number, path: string): ConnectError =>
  failure(
    Code.NotFound,
    ErrorReason.RESOURCE_NOT_FOUND,
    `version ${version} of model ${model} has no file ${path}`,
    { model, version: String(version), path },
  );

export const stagingJobNotFound = (jobId: string): ConnectError => notFound("staging job", jobId);

export const versionNotReady = (
  model: string,
  { version, state }: { version: number; state: string },
): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.MODEL_NOT_READY,
    `version ${version} of model ${model} is ${state}, not ready`,
    { model, version: String(version) },
  );

export const versionFailed = (model: string, version: number): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `version ${version} of model ${model} has failed: register another one`,
    { model, version: String(version) },
  );

export const versionAliased = (model: string, version: number, alias: string): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.RESOURCE_IN_USE,
    `the alias ${alias} points to version ${version} of model ${model}`,
    { model, version: String(version), alias },
  );

export const versionReleased = (model: string, version: number): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.RESOURCE_IN_USE,
    `version ${version} of model ${model} is in production`,
    { model, version: String(version) },
  );

export const aliasMoved = (alias: string): ConnectError => etagMismatch("alias", alias);

export const aliasesMany = (model: string, limit: number): ConnectError =>
  failure(
    Code.ResourceExhausted,
    ErrorReason.REQUEST_TOO_LARGE,
    `model ${model} has ${limit} aliases, the most that it may have`,
    { model, limit: String(limit) },
  );

export const fileMismatch = (field: string, announced: string, found: string): ConnectError =>
  failure(
    Code.InvalidArgument,
    ErrorReason.CONTENT_MISMATCH,
    `${field}: ${announced} was announced, the content has ${found}`,
    { announced, received: found },
  );
