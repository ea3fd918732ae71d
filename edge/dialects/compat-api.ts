import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { NamespaceService } from "../../gen/compat/cdap/v1/namespaces_pb.ts";
import { PreferencesService } from "../../gen/compat/cdap/v1/preferences_pb.ts";
import { ProgramService } from "../../gen/compat/cdap/v1/programs_pb.ts";
import { TokenService } from "../../gen/compat/cdap/v1/tokens_pb.ts";
import { AuthService } from "../../gen/compat/gateway/v1/auth_pb.ts";
import { UserService } from "../../gen/compat/gateway/v1/users_pb.ts";
import { CacheService } from "../../gen/compat/rivergen/v1/cache_pb.ts";
import { CatalogService } from "../../gen/compat/rivergen/v1/catalog_pb.ts";
import { ConnectorService } from "../../gen/compat/rivergen/v1/connectors_pb.ts";
import { ExecutionService } from "../../gen/compat/rivergen/v1/execution_pb.ts";
import { FileService } from "../../gen/compat/rivergen/v1/files_pb.ts";
import { HealthService } from "../../gen/compat/rivergen/v1/health_pb.ts";
import { InternalFileService } from "../../gen/compat/rivergen/v1/internal_files_pb.ts";
import { LifecycleService } from "../../gen/compat/rivergen/v1/lifecycle_pb.ts";
import { LineageService } from "../../gen/compat/rivergen/v1/lineage_pb.ts";
import { ModelService } from "../../gen/compat/rivergen/v1/models_pb.ts";
import { QuotaService } from "../../gen/compat/rivergen/v1/quota_pb.ts";
import { StagingService } from "../../gen/compat/rivergen/v1/staging_pb.ts";
import { VectorService } from "../../gen/compat/rivergen/v1/vectors_pb.ts";
import { FileService as NativeFileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { cdap } from "./cdap.ts";
import type { Dialect } from "./dialect.ts";
import { gateway } from "./gateway.ts";
import { rivergen } from "./rivergen.ts";

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
  /**
   * For a system whose paths are those of Sluice's own API: the parts that have a port each, or share one. Such an API is
   * not served by default.
   */
  readonly ports?: readonly PortOfApi[];
};

/** The part of an API that has a port of its own. */
export type PortOfApi = {
  readonly services: readonly DescService[];
  /** Methods of Sluice whose URLs are in its answers: they work at the same port. */
  readonly natives: readonly DescMethod[];
};

const rivergenPorts: readonly PortOfApi[] = [
  {
    services: [HealthService, ExecutionService, ConnectorService, CatalogService, LineageService],
    natives: [],
  },
  {
    services: [
      FileService,
      QuotaService,
      VectorService,
      InternalFileService,
      CacheService,
      LifecycleService,
      ModelService,
    ],
    natives: [NativeFileService.method.readSigned],
  },
  { services: [StagingService], natives: [NativeFileService.method.readSigned] },
];

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
  {
    system: "rivergen",
    title: "RiverGen",
    dialect: rivergen,
    services: rivergenPorts.flatMap(({ services }) => services),
    ports: rivergenPorts,
  },
];
