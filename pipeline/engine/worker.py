"""A Beam worker on a node of a cluster, without a container: what PROCESS environments start.

    --environment_type=PROCESS
    --environment_config='{"command": "/opt/massivetext/bin/massivetext-worker"}'

The runner starts this command on the node, once for each worker, and tells it where to ask for the
rest. Beam itself has such a program only in its containers.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

import grpc
from apache_beam.portability.api import endpoints_pb2
from apache_beam.portability.api.org.apache.beam.model.fn_execution.v1 import (
    beam_provision_api_pb2,
    beam_provision_api_pb2_grpc,
)
from apache_beam.runners.worker import sdk_worker_main
from apache_beam.runners.worker.worker_id_interceptor import WorkerIdInterceptor
from google.protobuf import json_format, text_format

from massivetext.pipeline.engine.logs import hide_import_warnings

_PROVISION_SECONDS = 60
"""Our choice: a runner that does not answer for a minute is gone."""


def entry() -> None:
    """Runs one worker until its runner ends it."""
    hide_import_warnings()
    worker_id, provision_endpoint = _arguments(sys.argv[1:])
    os.environ.update(worker_environment(worker_id, _provision(worker_id, provision_endpoint)))
    sdk_worker_main.main(sys.argv)


def worker_environment(worker_id: str, info: Any) -> dict[str, str]:
    """Returns the environment variables that Beam's worker reads, from `ProvisionInfo`."""
    options = json_format.MessageToDict(info.pipeline_options)
    variables = {"WORKER_ID": worker_id, "PIPELINE_OPTIONS": json.dumps(options)}
    endpoints = {
        "CONTROL_API_SERVICE_DESCRIPTOR": info.control_endpoint,
        "LOGGING_API_SERVICE_DESCRIPTOR": info.logging_endpoint,
        "STATUS_API_SERVICE_DESCRIPTOR": info.status_endpoint,
    }
    variables |= {name: _text(endpoint) for name, endpoint in endpoints.items() if endpoint.url}
    if info.runner_capabilities:
        variables["RUNNER_CAPABILITIES"] = " ".join(info.runner_capabilities)
    return variables


def _arguments(arguments: list[str]) -> tuple[str, str]:
    parser = argparse.ArgumentParser(prog="massivetext-worker", description=__doc__)
    parser.add_argument("--id", required=True, help="name that the runner gives this worker")
    parser.add_argument("--provision_endpoint", required=True, help="host:port of the runner")
    known, _ = parser.parse_known_args(arguments)  # runners also pass endpoints of older protocols
    return known.id, known.provision_endpoint


def _provision(worker_id: str, endpoint: str) -> Any:
    channel = grpc.intercept_channel(
        grpc.insecure_channel(endpoint), WorkerIdInterceptor(worker_id)
    )
    provision = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
    request = beam_provision_api_pb2.GetProvisionInfoRequest()
    answer = provision.GetProvisionInfo(request, timeout=_PROVISION_SECONDS, wait_for_ready=True)
    return answer.info


def _text(endpoint: endpoints_pb2.ApiServiceDescriptor) -> str:
    return text_format.MessageToString(endpoint)
