import Uppy from "@uppy/core";
import Tus from "@uppy/tus";

/**
 * Uploads files with Uppy at the same time, and resolves to the number of those that failed. In JavaScript, because the types
 * of Uppy declare the globals of browsers for the whole program.
 */
export async function uploadWithUppy(options, files) {
  const uppy = new Uppy().use(Tus, options);
  for (const { name, type, bytes } of files) {
    // In Node, tus-js-client reads buffers where browsers have blobs.
    uppy.addFile({ name, type, data: Object.assign(bytes, { size: bytes.length }) });
  }
  const result = await uppy.upload();
  uppy.destroy();
  return result?.failed?.length ?? files.length;
}
