CREATE TABLE "orchestration"."closed_namespaces" (
	"org_id" uuid NOT NULL,
	"namespace" text NOT NULL,
	"until_time" timestamp with time zone,
	CONSTRAINT "closed_namespaces_key" PRIMARY KEY("org_id","namespace")
);
--> statement-breakpoint
ALTER TABLE "orchestration"."sources" DROP CONSTRAINT "sources_display_name";--> statement-breakpoint
ALTER TABLE "orchestration"."executions" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."sources" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."lineage_entities" ADD COLUMN "owner_namespace" text DEFAULT 'default' NOT NULL;--> statement-breakpoint
CREATE INDEX "executions_namespace" ON "orchestration"."executions" USING btree ("org_id","namespace","execution_id");--> statement-breakpoint
CREATE INDEX "sources_namespace" ON "orchestration"."sources" USING btree ("org_id","namespace","source_id");--> statement-breakpoint
CREATE INDEX "tables_namespace" ON "orchestration"."tables" USING btree ("org_id","namespace","table_id");--> statement-breakpoint
CREATE INDEX "lineage_entities_owner" ON "orchestration"."lineage_entities" USING btree ("org_id","owner_namespace","entity_id");--> statement-breakpoint
ALTER TABLE "orchestration"."sources" ADD CONSTRAINT "sources_display_name" UNIQUE("org_id","namespace","display_name");