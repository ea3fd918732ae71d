CREATE TABLE "storage"."model_aliases" (
	"model_id" uuid NOT NULL,
	"alias" text NOT NULL,
	"version" integer NOT NULL,
	"user_id" uuid NOT NULL,
	"set_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "model_aliases_key" PRIMARY KEY("model_id","alias")
);
--> statement-breakpoint
CREATE TABLE "storage"."model_events" (
	"event_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"model_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"version" integer NOT NULL,
	"alias" text DEFAULT '' NOT NULL,
	"previous_version" integer DEFAULT 0 NOT NULL,
	"stage" text,
	"previous_stage" text,
	"comment" text DEFAULT '' NOT NULL,
	"user_id" uuid,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "model_events_kind_known" CHECK (kind in ('registered', 'ready', 'failed', 'stage_set', 'alias_set', 'alias_deleted', 'version_deleted'))
);
--> statement-breakpoint
CREATE TABLE "storage"."model_version_files" (
	"model_version_id" uuid NOT NULL,
	"path" text NOT NULL,
	"sha256" text NOT NULL,
	"size_bytes" bigint NOT NULL,
	"file_id" uuid,
	"format" text,
	"safety" text,
	"findings" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"download_count" bigint DEFAULT 0 NOT NULL,
	CONSTRAINT "model_version_files_key" PRIMARY KEY("model_version_id","path"),
	CONSTRAINT "model_version_files_format_known" CHECK (format in ('other', 'onnx', 'safetensors', 'gguf', 'hdf5', 'zip', 'pytorch', 'pickle')),
	CONSTRAINT "model_version_files_safety_known" CHECK (safety in ('unknown', 'safe', 'unsafe'))
);
--> statement-breakpoint
CREATE TABLE "storage"."model_versions" (
	"model_version_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"model_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"state" text NOT NULL,
	"state_message" text DEFAULT '' NOT NULL,
	"stage" text DEFAULT 'development' NOT NULL,
	"stage_time" timestamp with time zone,
	"description" text DEFAULT '' NOT NULL,
	"card" text DEFAULT '' NOT NULL,
	"algorithm" text DEFAULT '' NOT NULL,
	"metrics" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"parameters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"tags" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"signature" jsonb,
	"manifest_sha256" text NOT NULL,
	"file_count" integer NOT NULL,
	"size_bytes" bigint NOT NULL,
	"format" text,
	"safety" text,
	"staging_job_id" uuid,
	"dataset_ids" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"lineage_pending" boolean NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"ready_time" timestamp with time zone,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "model_versions_number_unique" UNIQUE("model_id","version"),
	CONSTRAINT "model_versions_state_known" CHECK (state in ('pending', 'ready', 'failed')),
	CONSTRAINT "model_versions_stage_known" CHECK (stage in ('development', 'staging', 'production', 'archived')),
	CONSTRAINT "model_versions_format_known" CHECK (format in ('other', 'onnx', 'safetensors', 'gguf', 'hdf5', 'zip', 'pytorch', 'pickle')),
	CONSTRAINT "model_versions_safety_known" CHECK (safety in ('unknown', 'safe', 'unsafe')),
	CONSTRAINT "model_versions_ready_complete" CHECK ((state = 'ready') = (ready_time is not null)),
	CONSTRAINT "model_versions_manifest_sha256_form" CHECK (manifest_sha256 ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "model_versions_stage_ready" CHECK (stage = 'development' or state = 'ready')
);
--> statement-breakpoint
CREATE TABLE "storage"."models" (
	"model_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"model_name" text NOT NULL,
	"display_name" text DEFAULT '' NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"tags" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"search_text" text NOT NULL,
	"latest_version" integer DEFAULT 0 NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "models_name_unique" UNIQUE("org_id","namespace","model_name")
);
--> statement-breakpoint
ALTER TABLE "storage"."files" DROP CONSTRAINT "files_category_fits";--> statement-breakpoint
ALTER TABLE "storage"."model_aliases" ADD CONSTRAINT "model_aliases_version_exists" FOREIGN KEY ("model_id","version") REFERENCES "storage"."model_versions"("model_id","version") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."model_events" ADD CONSTRAINT "model_events_model_exists" FOREIGN KEY ("model_id") REFERENCES "storage"."models"("model_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."model_version_files" ADD CONSTRAINT "model_version_files_version_exists" FOREIGN KEY ("model_version_id") REFERENCES "storage"."model_versions"("model_version_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."model_version_files" ADD CONSTRAINT "model_version_files_file_exists" FOREIGN KEY ("file_id") REFERENCES "storage"."files"("file_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "storage"."model_versions" ADD CONSTRAINT "model_versions_model_exists" FOREIGN KEY ("model_id") REFERENCES "storage"."models"("model_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "model_aliases_version" ON "storage"."model_aliases" USING btree ("model_id","version");--> statement-breakpoint
CREATE INDEX "model_events_create_time" ON "storage"."model_events" USING btree ("model_id","create_time","event_id");--> statement-breakpoint
CREATE INDEX "model_version_files_file" ON "storage"."model_version_files" USING btree ("file_id");--> statement-breakpoint
CREATE UNIQUE INDEX "model_versions_one_production" ON "storage"."model_versions" USING btree ("model_id") WHERE stage = 'production';--> statement-breakpoint
CREATE INDEX "model_versions_pending" ON "storage"."model_versions" USING btree ("create_time") WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "model_versions_lineage" ON "storage"."model_versions" USING btree ("ready_time") WHERE lineage_pending and state = 'ready';--> statement-breakpoint
CREATE INDEX "models_create_time" ON "storage"."models" USING btree ("org_id","create_time","model_id");--> statement-breakpoint
CREATE INDEX "models_namespace" ON "storage"."models" USING btree ("org_id","namespace","create_time","model_id");--> statement-breakpoint
CREATE INDEX "models_name" ON "storage"."models" USING btree ("org_id","model_name" collate "C","model_id");--> statement-breakpoint
CREATE INDEX "models_name_search" ON "storage"."models" USING gin (lower("model_name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "models_text_search" ON "storage"."models" USING gin (lower("search_text") public.gin_trgm_ops);--> statement-breakpoint
ALTER TABLE "storage"."files" ADD CONSTRAINT "files_category_fits" CHECK (category in ('upload', 'staging', 'release', 'model') and (category in ('staging', 'model')) = (owner_id is not null) and num_nonnulls(release_id, path, sha512) = case category when 'release' then 3 else 0 end);