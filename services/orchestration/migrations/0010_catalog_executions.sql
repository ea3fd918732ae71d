ALTER TABLE "orchestration"."executions" ALTER COLUMN "source_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "orchestration"."executions" ADD COLUMN "source_ids" uuid[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX "executions_sources" ON "orchestration"."executions" USING gin ("source_ids") WHERE source_ids <> '{}';