CREATE TYPE "orchestration"."lineage_kind" AS ENUM('table', 'dataset', 'job');--> statement-breakpoint
CREATE TYPE "orchestration"."lineage_transformation" AS ENUM('IDENTITY', 'TRANSFORMATION', 'AGGREGATION', '');--> statement-breakpoint
CREATE TABLE "orchestration"."lineage_columns" (
	"org_id" uuid NOT NULL,
	"from_entity_id" uuid NOT NULL,
	"to_entity_id" uuid NOT NULL,
	"to_column" text NOT NULL,
	"column_entity_id" uuid NOT NULL,
	"from_column" text NOT NULL,
	"transformation" "orchestration"."lineage_transformation" NOT NULL,
	CONSTRAINT "lineage_columns_pk" PRIMARY KEY("org_id","from_entity_id","to_entity_id","to_column","column_entity_id","from_column","transformation"),
	CONSTRAINT "lineage_columns_to_column_length" CHECK (char_length("orchestration"."lineage_columns"."to_column") <= 255),
	CONSTRAINT "lineage_columns_from_column_length" CHECK (char_length("orchestration"."lineage_columns"."from_column") <= 255)
);
--> statement-breakpoint
CREATE TABLE "orchestration"."lineage_edges" (
	"org_id" uuid NOT NULL,
	"from_entity_id" uuid NOT NULL,
	"to_entity_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lineage_edges_pk" PRIMARY KEY("org_id","from_entity_id","to_entity_id")
);
--> statement-breakpoint
CREATE TABLE "orchestration"."lineage_entities" (
	"org_id" uuid NOT NULL,
	"entity_id" uuid NOT NULL,
	"kind" "orchestration"."lineage_kind" NOT NULL,
	"namespace" text NOT NULL,
	"name" text NOT NULL,
	"parent_entity_id" uuid,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lineage_entities_pk" PRIMARY KEY("org_id","entity_id"),
	CONSTRAINT "lineage_entities_parent" CHECK ("orchestration"."lineage_entities"."kind" = 'job' or "orchestration"."lineage_entities"."parent_entity_id" is null)
);
--> statement-breakpoint
CREATE TABLE "orchestration"."lineage_events" (
	"org_id" uuid NOT NULL,
	"sha256" "bytea" NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lineage_events_pk" PRIMARY KEY("org_id","sha256")
);
--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_columns" ADD CONSTRAINT "lineage_columns_edge" FOREIGN KEY ("org_id","from_entity_id","to_entity_id") REFERENCES "orchestration"."lineage_edges"("org_id","from_entity_id","to_entity_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_edges" ADD CONSTRAINT "lineage_edges_from_entity" FOREIGN KEY ("org_id","from_entity_id") REFERENCES "orchestration"."lineage_entities"("org_id","entity_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_edges" ADD CONSTRAINT "lineage_edges_to_entity" FOREIGN KEY ("org_id","to_entity_id") REFERENCES "orchestration"."lineage_entities"("org_id","entity_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "lineage_edges_to" ON "orchestration"."lineage_edges" USING btree ("org_id","to_entity_id","from_entity_id");