CREATE TABLE "staging"."chunks" (
	"job_id" uuid NOT NULL,
	"chunk_index" integer NOT NULL,
	"org_id" uuid NOT NULL,
	"table_index" integer NOT NULL,
	"range" text NOT NULL,
	"row_count_expected" bigint DEFAULT 0 NOT NULL,
	"attempt" integer,
	"file_id" uuid,
	"row_count" bigint,
	"size_bytes" bigint,
	"sha256" text,
	"columns" jsonb,
	"create_time" timestamp with time zone,
	CONSTRAINT "chunks_job_id_chunk_index_pk" PRIMARY KEY("job_id","chunk_index"),
	CONSTRAINT "chunks_file" UNIQUE("file_id"),
	CONSTRAINT "chunks_stored" CHECK (num_nulls("staging"."chunks"."attempt", "staging"."chunks"."file_id", "staging"."chunks"."row_count", "staging"."chunks"."size_bytes", "staging"."chunks"."sha256", "staging"."chunks"."columns", "staging"."chunks"."create_time") in (0, 7)),
	CONSTRAINT "chunks_counts" CHECK ("staging"."chunks"."row_count" >= 0 and "staging"."chunks"."size_bytes" >= 0),
	CONSTRAINT "chunks_sha256" CHECK ("staging"."chunks"."sha256" ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "staging"."jobs" (
	"job_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"tables" jsonb NOT NULL,
	"selections" jsonb NOT NULL,
	"targets" jsonb NOT NULL,
	"format" text NOT NULL,
	"chunk_rows" bigint NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"error_message" text DEFAULT '' NOT NULL,
	"run" integer DEFAULT 1 NOT NULL,
	"attempt" integer DEFAULT 0 NOT NULL,
	"failure_count" integer DEFAULT 0 NOT NULL,
	"plan_count" integer DEFAULT 0 NOT NULL,
	"snapshot_id" uuid,
	"snapshot" text,
	"snapshot_repeatable" boolean DEFAULT false NOT NULL,
	"snapshot_time" timestamp with time zone,
	"planned_tables" jsonb,
	"row_count" bigint DEFAULT 0 NOT NULL,
	"row_count_expected" bigint DEFAULT 0 NOT NULL,
	"size_bytes" bigint DEFAULT 0 NOT NULL,
	"chunk_count" integer DEFAULT 0 NOT NULL,
	"chunk_count_planned" integer DEFAULT 0 NOT NULL,
	"manifest_file_id" uuid,
	"manifest_sha256" text,
	"creator_user_id" uuid NOT NULL,
	"api_key_id" uuid,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"update_time" timestamp with time zone DEFAULT now() NOT NULL,
	"end_time" timestamp with time zone,
	"expire_time" timestamp with time zone,
	"expired" boolean DEFAULT false NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	CONSTRAINT "jobs_org" UNIQUE("job_id","org_id"),
	CONSTRAINT "jobs_state_known" CHECK ("staging"."jobs"."state" in ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')),
	CONSTRAINT "jobs_format_known" CHECK ("staging"."jobs"."format" in ('parquet', 'csv')),
	CONSTRAINT "jobs_ended" CHECK (("staging"."jobs"."state" in ('succeeded', 'failed', 'cancelled')) = ("staging"."jobs"."end_time" is not null)),
	CONSTRAINT "jobs_error" CHECK (("staging"."jobs"."state" = 'failed') = ("staging"."jobs"."error_message" <> '')),
	CONSTRAINT "jobs_success" CHECK (("staging"."jobs"."state" = 'succeeded') = ("staging"."jobs"."manifest_sha256" is not null) and num_nulls("staging"."jobs"."manifest_sha256", "staging"."jobs"."manifest_file_id", "staging"."jobs"."expire_time") in (0, 3)),
	CONSTRAINT "jobs_whole" CHECK ("staging"."jobs"."state" <> 'succeeded' or "staging"."jobs"."chunk_count" = "staging"."jobs"."chunk_count_planned"),
	CONSTRAINT "jobs_progress" CHECK ("staging"."jobs"."chunk_count" between 0 and "staging"."jobs"."chunk_count_planned"),
	CONSTRAINT "jobs_plan" CHECK ("staging"."jobs"."chunk_count_planned" = 0 or "staging"."jobs"."planned_tables" is not null),
	CONSTRAINT "jobs_counts" CHECK (least("staging"."jobs"."row_count", "staging"."jobs"."row_count_expected", "staging"."jobs"."size_bytes") >= 0)
);
--> statement-breakpoint
CREATE TABLE "staging"."requests" (
	"org_id" uuid NOT NULL,
	"method" text NOT NULL,
	"request_id" uuid NOT NULL,
	"request_sha256" "bytea" NOT NULL,
	"response" "bytea",
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "requests_org_id_method_request_id_pk" PRIMARY KEY("org_id","method","request_id")
);
--> statement-breakpoint
CREATE TABLE "staging"."uploads" (
	"org_id" uuid NOT NULL,
	"job_id" uuid NOT NULL,
	"attempt" integer NOT NULL,
	CONSTRAINT "uploads_job_id_attempt_pk" PRIMARY KEY("job_id","attempt")
);
--> statement-breakpoint
ALTER TABLE "staging"."chunks" ADD CONSTRAINT "chunks_job" FOREIGN KEY ("job_id","org_id") REFERENCES "staging"."jobs"("job_id","org_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "jobs_page" ON "staging"."jobs" USING btree ("org_id","job_id");--> statement-breakpoint
CREATE INDEX "jobs_expiry" ON "staging"."jobs" USING btree ("expire_time") WHERE not expired;