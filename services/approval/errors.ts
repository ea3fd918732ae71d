import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, notFound } from "../lib/errors.ts";
import type { State } from "./state.ts";

export const projectNotFound = (projectId: string): ConnectError => notFound("project", projectId);

export const projectNameTaken = (displayName: string): ConnectError =>
  failure(Code.AlreadyExists, ErrorReason.RESOURCE_EXISTS, `a project named ${displayName} exists already`, {
    displayName,
  });

export const projectNotDraft = (projectId: string, state: State): ConnectError =>
  failure(
    Code.FailedPrecondition,
    ErrorReason.STATE_CONFLICT,
    `project ${projectId} is ${state}: only a draft can be changed or removed`,
    { project: projectId, state },
  );
