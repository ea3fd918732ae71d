CREATE TABLE "orchestration"."schemas" (
	"schema_id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"source_id" uuid NOT NULL,
	"name" text NOT NULL,
	"table_count" integer NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "schemas_name" UNIQUE("source_id","name"),
	CONSTRAINT "schemas_table_count" CHECK ("orchestration"."schemas"."table_count" >= 1)
);
--> statement-breakpoint
CREATE TABLE "orchestration"."search_words" (
	"org_id" uuid NOT NULL,
	"word" text NOT NULL,
	CONSTRAINT "search_words_key" PRIMARY KEY("org_id","word")
);
--> statement-breakpoint
CREATE TABLE "orchestration"."table_search" (
	"table_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"source_id" uuid NOT NULL,
	"schema_name" text NOT NULL,
	"name_key" text NOT NULL,
	"tags" text[] NOT NULL,
	"owner" text NOT NULL,
	"pii_classes" text[] NOT NULL,
	"lexemes" "tsvector" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "orchestration"."table_versions" (
	"org_id" uuid NOT NULL,
	"table_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"columns" jsonb NOT NULL,
	"comment" text DEFAULT '' NOT NULL,
	"column_comments" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"primary_key" text[] DEFAULT '{}' NOT NULL,
	"foreign_keys" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"schema_hash" text DEFAULT '' NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "table_versions_key" PRIMARY KEY("table_id","version"),
	CONSTRAINT "table_versions_version" CHECK ("orchestration"."table_versions"."version" >= 1)
);
--> statement-breakpoint
ALTER TABLE "orchestration"."sources" ADD COLUMN "discover_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "size_bytes" bigint;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "comment" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "column_comments" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "primary_key" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "foreign_keys" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "schema_hash" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "delete_time" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "description" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "tags" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "owner" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "properties" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "column_annotations" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD COLUMN "revision" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."schemas" ADD CONSTRAINT "schemas_source_id_sources_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "orchestration"."sources"("source_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestration"."table_search" ADD CONSTRAINT "table_search_table_id_tables_table_id_fk" FOREIGN KEY ("table_id") REFERENCES "orchestration"."tables"("table_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orchestration"."table_versions" ADD CONSTRAINT "table_versions_table_id_tables_table_id_fk" FOREIGN KEY ("table_id") REFERENCES "orchestration"."tables"("table_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "schemas_create_time" ON "orchestration"."schemas" USING btree ("org_id","create_time","schema_id");--> statement-breakpoint
CREATE INDEX "schemas_namespace" ON "orchestration"."schemas" USING btree ("org_id","namespace","create_time","schema_id");--> statement-breakpoint
CREATE INDEX "schemas_name_order" ON "orchestration"."schemas" USING btree ("org_id","name" collate "C","schema_id");--> statement-breakpoint
CREATE INDEX "schemas_source" ON "orchestration"."schemas" USING btree ("org_id","source_id","create_time","schema_id");--> statement-breakpoint
CREATE INDEX "schemas_name_search" ON "orchestration"."schemas" USING gin (lower("name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "search_words_similar" ON "orchestration"."search_words" USING gin ("word" public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "table_search_name" ON "orchestration"."table_search" USING btree ("org_id","name_key" collate "C","table_id");--> statement-breakpoint
CREATE INDEX "table_search_source" ON "orchestration"."table_search" USING btree ("source_id");--> statement-breakpoint
CREATE INDEX "table_search_lexemes" ON "orchestration"."table_search" USING gin ("lexemes");--> statement-breakpoint
CREATE INDEX "table_versions_create_time" ON "orchestration"."table_versions" USING btree ("table_id","create_time","version");--> statement-breakpoint
CREATE INDEX "tables_tags" ON "orchestration"."tables" USING gin ("tags") WHERE tags <> '{}';--> statement-breakpoint
CREATE INDEX "tables_delete_time" ON "orchestration"."tables" USING btree ("source_id","delete_time") WHERE delete_time is not null;--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD CONSTRAINT "tables_size_bytes" CHECK ("orchestration"."tables"."size_bytes" >= 0);--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD CONSTRAINT "tables_version" CHECK ("orchestration"."tables"."version" >= 1);--> statement-breakpoint
ALTER TABLE "orchestration"."tables" ADD CONSTRAINT "tables_revision" CHECK ("orchestration"."tables"."revision" >= 1);--> statement-breakpoint
INSERT INTO "orchestration"."table_versions" ("org_id", "table_id", "version", "columns", "create_time")
SELECT "org_id", "table_id", 1, "columns", "update_time" FROM "orchestration"."tables";--> statement-breakpoint
INSERT INTO "orchestration"."schemas" ("org_id", "namespace", "source_id", "name", "table_count", "create_time")
SELECT "org_id", "namespace", "source_id", "schema_name", count(*), min("create_time") FROM "orchestration"."tables"
GROUP BY "org_id", "namespace", "source_id", "schema_name";
