type Kind = { readonly requestStream?: boolean; readonly responseStream?: boolean };

const asIs = (bytes: Buffer): Buffer => bytes;

/** A method of a grpc-js server whose messages stay bytes. */
export const rawMethod = (path: string, { requestStream = false, responseStream = false }: Kind = {}) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
