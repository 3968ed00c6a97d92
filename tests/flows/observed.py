"""What Prefect's server knows about a flow run."""

from typing import Any
from uuid import UUID

from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)

from tests.waiting import until


def run_id_of(state: State[Any]) -> UUID:
    """Return the flow run that ended in a state."""
    identifier = state.state_details.flow_run_id
    assert identifier is not None
    return identifier


def artifacts_of(state: State[Any]) -> dict[str, Any]:
    """Return the artifacts of a flow run: their data by key."""
    chosen = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run_id_of(state)]))
    with get_client(sync_client=True) as client:
        return {str(one.key): one.data for one in client.read_artifacts(artifact_filter=chosen)}


def logs_of(state: State[Any]) -> list[str]:
    """Return what a flow run logged, once its last line has arrived: logs are sent beside the run."""
    chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id_of(state)]))
    with get_client(sync_client=True) as client:

        def whole() -> list[str]:
            found = client.read_logs(log_filter=chosen, limit=200)
            ended = any(one.task_run_id is None and one.message.startswith("Finished in state") for one in found)
            return [one.message for one in found] if ended else []

        return until(whole, "the last line of a flow run's log", pause=0.1)


def task_runs_of(state: State[Any]) -> list[tuple[str, str]]:
    """Return the task runs of a flow run: the task's name and its final state."""
    chosen = FlowRunFilter(id=FlowRunFilterId(any_=[run_id_of(state)]))
    with get_client(sync_client=True) as client:
        runs = client.read_task_runs(flow_run_filter=chosen)
    return [(one.name.rpartition("-")[0], one.state_name or "") for one in runs]
