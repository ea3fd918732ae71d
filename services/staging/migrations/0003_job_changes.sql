CREATE FUNCTION "staging"."notify_job_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('staging.jobs', OLD.job_id::text);
	RETURN NULL;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER "jobs_notify_change" AFTER UPDATE OF "revision" OR DELETE ON "staging"."jobs"
	FOR EACH ROW EXECUTE FUNCTION "staging"."notify_job_change"();
