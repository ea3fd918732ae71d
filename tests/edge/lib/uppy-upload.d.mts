import type { UploadOptions } from "tus-js-client";

export function uploadWithUppy(
  options: UploadOptions,
  files: readonly { readonly name: string; readonly type: string; readonly bytes: Buffer }[],
): Promise<number>;
