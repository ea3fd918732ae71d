type MethodKind = { readonly requestStream?: boolean; readonly responseStream?: boolean };

const asIs = (bytes: Buffer): Buffer => bytes;

/** Definition of a grpc-js method whose messages are not decoded. */
export const rawMethod = (
  path: string,
  { requestStream = false, responseStream = false }: MethodKind = {},
) => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
});
