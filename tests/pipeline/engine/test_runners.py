import socket
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from massivetext.pipeline.engine import runners
from massivetext.pipeline.engine.errors import UsageError
from massivetext.pipeline.engine.runners import check_beam_options, check_runner


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--nosuch=1"], "unknown option '--nosuch' after --"),
        (["word"], "unknown option 'word' after --"),
        (["--num_workers=many"], "argument --num_workers: invalid int value: 'many'"),
        (["--runner"], "argument --runner: expected one argument"),
        (["--runner=NoSuchRunner"], "Unexpected pipeline runner: NoSuchRunner"),
        (["--runner=os.path"], "'module' object is not callable"),
        (["--runner=DirectRunner", "--nosuch"], "unknown option '--nosuch' after --"),
        (["--runner=FlinkRunner", "--parallelism=2", "word"], "unknown option 'word'"),
        (["--runner=PortableRunner"], "needs --job_endpoint=HOST:PORT"),
        (["--runner=FlinkRunner", "--job_endpoint=localhost:1"], "no job server at --job_endpoint"),
        (["--runner=FlinkRunner", "--job_endpoint=foo"], "expected HOST:PORT"),
        (["--runner=FlinkRunner", "--job_endpoint=localhost:99999"], "no job server at"),
    ],
)
def test_what_beam_would_not_understand_is_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError) as raised:
        check_runner(options)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert capsys.readouterr().err == ""


def test_good_options_pass(capsys: pytest.CaptureFixture[str]) -> None:
    check_runner([])
    check_runner(["--s3_region_name=eu-west-1", "--s3_disable_ssl", "--num_workers", "2"])
    check_runner(["--runner=SparkRunner", "--spark_master_url=local[2]", "--a_servers_own=1"])
    check_beam_options(["--runner=SparkRunner", "--s3_endpoint_url=http://127.0.0.1:9"])
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("localhost:0")
    server.start()
    check_runner(["--runner=PortableRunner", f"--job_endpoint=localhost:{port}"])
    server.stop(None)
    check_runner(["--runner=PortableRunner", "--job_endpoint=embed"])
    assert capsys.readouterr().err == ""


def test_a_server_that_says_nothing_is_no_job_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runners, "_CONNECT_SECONDS", 0.5)
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UsageError, match="does not speak gRPC"):
            check_runner(["--runner=PortableRunner", f"--job_endpoint=localhost:{port}"])
