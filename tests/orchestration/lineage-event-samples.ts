import type { JsonObject } from "@bufbuild/protobuf";

// Output of openlineage-python 1.54's serializer, which sorts keys and keeps empty facets.

/** The job of both events. */
const job: JsonObject = {
  facets: {
    sql: {
      _producer: "https://example.com/etl",
      _schemaURL: "https://openlineage.io/spec/facets/1-1-0/SQLJobFacet.json#/$defs/SQLJobFacet",
      query: "select id, sum(total) from orders group by 1",
    },
  },
  name: "daily.revenue",
  namespace: "airflow",
};

/** The run of both events. */
const run: JsonObject = {
  facets: {
    parent: {
      _producer: "https://example.com/etl",
      _schemaURL: "https://openlineage.io/spec/facets/1-2-0/ParentRunFacet.json#/$defs/ParentRunFacet",
      job: {
        facets: {},
        name: "daily",
        namespace: "airflow",
      },
      run: {
        facets: {},
        runId: "0193a5c0-0000-7000-8000-000000000000",
      },
    },
  },
  runId: "0193a5c0-0000-7000-8000-000000000001",
};

export const startEvent: JsonObject = {
  eventTime: "2026-11-20T10:00:00.123456+00:00",
  eventType: "START",
  inputs: [],
  job,
  outputs: [],
  producer: "https://example.com/etl",
  run,
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
};

export const completeEvent: JsonObject = {
  eventTime: "2026-11-20T10:00:05.5+00:00",
  eventType: "COMPLETE",
  inputs: [
    {
      facets: {
        schema: {
          _producer: "https://example.com/etl",
          _schemaURL:
            "https://openlineage.io/spec/facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
          fields: [
            {
              fields: [],
              name: "id",
              type: "int",
            },
            {
              fields: [],
              name: "total",
              type: "numeric",
            },
          ],
        },
      },
      inputFacets: {},
      name: "shop.public.orders",
      namespace: "postgres://db.example.com:5432",
    },
  ],
  job,
  outputs: [
    {
      facets: {
        columnLineage: {
          _producer: "https://example.com/etl",
          _schemaURL:
            "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet",
          dataset: [
            {
              field: "status",
              name: "shop.public.orders",
              namespace: "postgres://db.example.com:5432",
              transformations: [
                {
                  subtype: "FILTER",
                  type: "INDIRECT",
                },
              ],
            },
          ],
          fields: {
            order_id: {
              inputFields: [
                {
                  field: "id",
                  name: "shop.public.orders",
                  namespace: "postgres://db.example.com:5432",
                  transformations: [
                    {
                      description: "",
                      masking: false,
                      subtype: "IDENTITY",
                      type: "DIRECT",
                    },
                  ],
                },
              ],
            },
            revenue: {
              inputFields: [
                {
                  field: "total",
                  name: "shop.public.orders",
                  namespace: "postgres://db.example.com:5432",
                  transformations: [
                    {
                      description: "sum(total)",
                      masking: false,
                      subtype: "AGGREGATION",
                      type: "DIRECT",
                    },
                  ],
                },
                {
                  field: "status",
                  name: "shop.public.orders",
                  namespace: "postgres://db.example.com:5432",
                  transformations: [
                    {
                      subtype: "FILTER",
                      type: "INDIRECT",
                    },
                  ],
                },
              ],
            },
          },
        },
        symlinks: {
          _producer: "https://example.com/etl",
          _schemaURL:
            "https://openlineage.io/spec/facets/1-0-1/SymlinksDatasetFacet.json#/$defs/SymlinksDatasetFacet",
          identifiers: [
            {
              name: "lake.revenue",
              namespace: "hive://metastore",
              type: "TABLE",
            },
          ],
        },
      },
      name: "warehouse/revenue",
      namespace: "s3://lake",
      outputFacets: {},
    },
  ],
  producer: "https://example.com/etl",
  run,
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
};

export const jobEvent: JsonObject = {
  eventTime: "2026-11-20T10:00:00.123456+00:00",
  inputs: [
    {
      facets: {},
      inputFacets: {},
      name: "a",
      namespace: "n",
    },
  ],
  job: {
    facets: {},
    name: "model",
    namespace: "dbt",
  },
  outputs: [
    {
      facets: {},
      name: "b",
      namespace: "n",
      outputFacets: {},
    },
  ],
  producer: "https://example.com/etl",
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent",
};

export const datasetEvent: JsonObject = {
  dataset: {
    facets: {
      columnLineage: {
        _producer: "https://example.com/etl",
        _schemaURL:
          "https://openlineage.io/spec/facets/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet",
        dataset: [],
        fields: {
          x: {
            inputFields: [
              {
                field: "y",
                name: "a",
                namespace: "n",
                transformations: [],
              },
            ],
            transformationDescription: "as is",
            transformationType: "IDENTITY",
          },
        },
      },
    },
    name: "b",
    namespace: "n",
  },
  eventTime: "2026-11-20T10:00:00.123456+00:00",
  producer: "https://example.com/etl",
  schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/DatasetEvent",
};
