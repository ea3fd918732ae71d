"""Emits events of each kind with OpenLineage's client, which is configured by its own environment variables."""

import sys
from datetime import UTC, datetime
from uuid import uuid4

from openlineage.client import OpenLineageClient, set_producer
from openlineage.client.event_v2 import (
    DatasetEvent,
    InputDataset,
    Job,
    JobEvent,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
    StaticDataset,
)
from openlineage.client.facet_v2 import column_lineage_dataset as columns
from openlineage.client.facet_v2 import ownership_dataset, ownership_job, parent_run

namespace = sys.argv[1]
set_producer(f"https://example.com/{namespace}")
client = OpenLineageClient()


def now():
    return datetime.now(UTC).isoformat()


def orders(field, kind, subtype):
    transformation = columns.Transformation(type=kind, subtype=subtype)
    return columns.InputField(namespace, "orders", field, [transformation])


parent = parent_run.ParentRunFacet(
    run=parent_run.Run(runId=str(uuid4())), job=parent_run.Job(namespace=namespace, name="daily")
)
owners = ownership_job.OwnershipJobFacet(owners=[ownership_job.Owner(name="team:finance", type="OWNER")])
run = Run(runId=str(uuid4()), facets={"parent": parent})
job = Job(namespace=namespace, name="daily.revenue", facets={"ownership": owners})
lineage = columns.ColumnLineageDatasetFacet(
    fields={"total": columns.Fields(inputFields=[orders("amount", "DIRECT", "AGGREGATION")])},
    dataset=[orders("status", "INDIRECT", "FILTER")],
)
client.emit(RunEvent(eventType=RunState.START, eventTime=now(), run=run, job=job))
client.emit(
    RunEvent(
        eventType=RunState.COMPLETE,
        eventTime=now(),
        run=run,
        job=job,
        inputs=[InputDataset(namespace, "orders")],
        outputs=[OutputDataset(namespace, "revenue", facets={"columnLineage": lineage})],
    )
)
client.emit(
    JobEvent(
        eventTime=now(),
        job=Job(namespace=namespace, name="hourly.copy"),
        inputs=[InputDataset(namespace, "revenue")],
        outputs=[OutputDataset(namespace, "archive")],
    )
)
owned = ownership_dataset.OwnershipDatasetFacet(owners=[ownership_dataset.Owner(name="team:sales")])
client.emit(DatasetEvent(eventTime=now(), dataset=StaticDataset(namespace, "orders", facets={"ownership": owned})))
client.close()
