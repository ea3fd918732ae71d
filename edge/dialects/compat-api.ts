import type { DescService } from "@bufbuild/protobuf";
import { NamespaceService } from "../../gen/compat/cdap/v1/namespaces_pb.ts";
import { PreferencesService } from "../../gen/compat/cdap/v1/preferences_pb.ts";
import { ProgramService } from "../../gen/compat/cdap/v1/programs_pb.ts";
import { TokenService } from "../../gen/compat/cdap/v1/tokens_pb.ts";
import { AuthService } from "../../gen/compat/gateway/v1/auth_pb.ts";
import { UserService } from "../../gen/compat/gateway/v1/users_pb.ts";
import { cdap } from "./cdap.ts";
import type { Dialect } from "./dialect.ts";
import { gateway } from "./gateway.ts";

/**
 * The API of another system that the edge serves below paths of its own. The contract is compat.<system>.v1, with the
 * paths and the JSON names of that system; the process `compat` serves it as a client of the mesh.
 */
export type CompatApi = {
  /** As in the package, in the setting COMPAT_APIS, and in the path of the documents: `/compat/<system>/docs`. */
  readonly system: string;
  readonly title: string;
  readonly dialect: Dialect;
  readonly services: readonly DescService[];
  /** Paths where the system itself has its pages. Its Postman collection is `/compat/<system>/postman.json`. */
  readonly pages?: {
    /** The OpenAPI document. */
    readonly openApi: string;
    /** A page to read, without a form for requests. */
    readonly reference: string;
  };
};

/** Every compat API that there is, in alphabetical order. */
export const compatApis: readonly CompatApi[] = [
  {
    system: "cdap",
    title: "CDAP",
    dialect: cdap,
    services: [NamespaceService, PreferencesService, TokenService, ProgramService],
  },
  {
    system: "gateway",
    title: "JWT gateway",
    dialect: gateway,
    services: [AuthService, UserService],
    pages: { openApi: "/api_v1/openapi.json", reference: "/redoc" },
  },
];
