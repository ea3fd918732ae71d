ALTER TYPE "orchestration"."lineage_transformation" ADD VALUE 'FILTER';--> statement-breakpoint
ALTER TYPE "orchestration"."lineage_transformation" ADD VALUE 'JOIN';--> statement-breakpoint
ALTER TYPE "orchestration"."lineage_transformation" ADD VALUE 'GROUP_BY';--> statement-breakpoint
ALTER TYPE "orchestration"."lineage_transformation" ADD VALUE 'SORT';--> statement-breakpoint
ALTER TYPE "orchestration"."lineage_transformation" ADD VALUE 'WINDOW';--> statement-breakpoint
ALTER TYPE "orchestration"."lineage_transformation" ADD VALUE 'CONDITIONAL';--> statement-breakpoint
ALTER TYPE "orchestration"."lineage_transformation" ADD VALUE 'INDIRECT';--> statement-breakpoint
CREATE TABLE "orchestration"."lineage_kept_owners" (
	"org_id" uuid NOT NULL,
	"owner_namespace" text NOT NULL,
	"entity_id" uuid NOT NULL,
	"create_time" timestamp with time zone NOT NULL,
	CONSTRAINT "lineage_kept_owners_pk" PRIMARY KEY("org_id","entity_id")
);
--> statement-breakpoint
CREATE TABLE "orchestration"."lineage_unprojected_events" (
	"org_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "lineage_unprojected_events_pk" PRIMARY KEY("org_id","event_id")
);
--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_edges" ADD COLUMN "first_time" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_edges" ADD COLUMN "last_time" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_entities" ADD COLUMN "parent_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_entities" ADD COLUMN "owners" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_entities" ADD COLUMN "owners_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD COLUMN "owner_namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD COLUMN "event_id" uuid DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD COLUMN "event" text;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD COLUMN "entity_id" uuid;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD COLUMN "event_type" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD COLUMN "event_time" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD COLUMN "run_id" uuid;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_events" ADD CONSTRAINT "lineage_events_id" UNIQUE("org_id","event_id");--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_unprojected_events" ADD CONSTRAINT "lineage_unprojected_events_event" FOREIGN KEY ("org_id","event_id") REFERENCES "orchestration"."lineage_events"("org_id","event_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "lineage_unprojected_events_create_time" ON "orchestration"."lineage_unprojected_events" USING btree ("create_time","event_id");--> statement-breakpoint
CREATE INDEX "lineage_columns_origin" ON "orchestration"."lineage_columns" USING btree ("org_id","column_entity_id","from_column");--> statement-breakpoint
CREATE INDEX "lineage_columns_target" ON "orchestration"."lineage_columns" USING btree ("org_id","to_entity_id","to_column");--> statement-breakpoint
CREATE INDEX "lineage_entities_name" ON "orchestration"."lineage_entities" USING btree ("org_id",md5("name"));--> statement-breakpoint
CREATE INDEX "lineage_events_create_time" ON "orchestration"."lineage_events" USING btree ("org_id","create_time","event_id");--> statement-breakpoint
CREATE INDEX "lineage_events_namespace" ON "orchestration"."lineage_events" USING btree ("org_id","owner_namespace","create_time","event_id");--> statement-breakpoint
CREATE INDEX "lineage_events_entity" ON "orchestration"."lineage_events" USING btree ("org_id","entity_id","create_time","event_id");--> statement-breakpoint
CREATE INDEX "lineage_events_event_time" ON "orchestration"."lineage_events" USING btree ("org_id","event_time","event_id");--> statement-breakpoint
UPDATE "orchestration"."lineage_edges" SET "first_time" = "create_time", "last_time" = "create_time";--> statement-breakpoint
UPDATE "orchestration"."lineage_events" SET "event_time" = "create_time";
