import { diskFull, objectStoreUnavailable } from "../../errors.ts";

/** The bucket refuses a request. Nothing of the request is kept: it has signatures. */
class S3Refusal extends Error {
  override name = "S3Refusal";
  readonly status: number;

  constructor(code: string, status: number) {
    super(`the bucket refuses a request: ${code} (${status})`);
    this.status = status;
  }
}

const fullCodes = ["QuotaExceeded", "XMinioStorageFull", "InsufficientCapacity", "StorageFull"];

/** Awaits a request. Throws S3Refusal, diskFull, and objectStoreUnavailable once all attempts have failed. */
export async function answered<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw toStoreError(error);
  }
}

/** Awaits a request. Returns undefined if its object is missing. */
export async function unlessMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await answered(request);
  } catch (error) {
    if (error instanceof S3Refusal && error.status === 404) return undefined;
    throw error;
  }
}

/** Whether a request failed with one of these status codes. */
export const hasStatus = (error: unknown, ...statuses: number[]): boolean =>
  error instanceof S3Refusal && statuses.includes(error.status);

type SdkError = {
  readonly name?: string;
  readonly code?: unknown;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
};

function toStoreError(error: unknown): unknown {
  const { name = "", code, $metadata } = (error ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode;
  if (status === 507 || fullCodes.includes(name)) return diskFull();
  // 408 and 429 ask for patience, like 503.
  if (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429)
    return new S3Refusal(name, status);
  if (status !== undefined || typeof code === "string" || name === "TimeoutError")
    return objectStoreUnavailable();
  return error;
}
