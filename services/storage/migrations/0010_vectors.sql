CREATE TABLE "storage"."deleted_collections" (
	"collection_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "storage"."deleted_vectors" (
	"org_id" uuid NOT NULL,
	"collection_id" uuid NOT NULL,
	"vector_id" text collate "C" NOT NULL,
	"revision" bigint NOT NULL,
	"delete_time" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "deleted_vectors_pk" PRIMARY KEY("collection_id","revision","vector_id")
);
--> statement-breakpoint
CREATE TABLE "storage"."vector_collections" (
	"collection_id" uuid PRIMARY KEY NOT NULL,
	"org_id" uuid NOT NULL,
	"namespace" text DEFAULT 'default' NOT NULL,
	"name" text NOT NULL,
	"dimension" integer NOT NULL,
	"metric" text NOT NULL,
	"creator_user_id" uuid NOT NULL,
	"create_time" timestamp with time zone DEFAULT now() NOT NULL,
	"vector_count" bigint DEFAULT 0 NOT NULL,
	"revision" bigint DEFAULT 0 NOT NULL,
	"forgotten_revision" bigint DEFAULT 0 NOT NULL,
	"index_revision" bigint,
	"is_indexed" boolean DEFAULT false NOT NULL,
	CONSTRAINT "vector_collections_name_unique" UNIQUE("org_id","namespace","name"),
	CONSTRAINT "vector_collections_dimension_range" CHECK (dimension between 1 and 16000),
	CONSTRAINT "vector_collections_metric_known" CHECK (metric in ('cosine', 'l2', 'dot'))
);
--> statement-breakpoint
CREATE TABLE "storage"."vectors" (
	"org_id" uuid NOT NULL,
	"collection_id" uuid NOT NULL,
	"vector_id" text collate "C" NOT NULL,
	"values" "bytea" NOT NULL,
	"metadata" jsonb NOT NULL,
	"revision" bigint NOT NULL,
	CONSTRAINT "vectors_pk" PRIMARY KEY("collection_id","vector_id")
);
--> statement-breakpoint
CREATE INDEX "deleted_vectors_time" ON "storage"."deleted_vectors" USING btree ("delete_time");--> statement-breakpoint
CREATE INDEX "vector_collections_create_time" ON "storage"."vector_collections" USING btree ("org_id","create_time","collection_id");--> statement-breakpoint
CREATE INDEX "vector_collections_namespace" ON "storage"."vector_collections" USING btree ("org_id","namespace","create_time","collection_id");--> statement-breakpoint
CREATE INDEX "vector_collections_name" ON "storage"."vector_collections" USING btree ("org_id","name" collate "C","collection_id");--> statement-breakpoint
CREATE INDEX "vector_collections_name_search" ON "storage"."vector_collections" USING gin (lower("name") public.gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "vectors_revision" ON "storage"."vectors" USING btree ("collection_id","revision","vector_id");--> statement-breakpoint
-- Floats do not compress.
ALTER TABLE "storage"."vectors" ALTER COLUMN "values" SET STORAGE EXTERNAL;
