"""The Flink connector's SDK as a contender: Maven fetches the published jars, javac builds the driver."""

import pathlib
import shutil
import subprocess

from programs import BenchError

SOURCE = pathlib.Path(__file__).resolve().parent / "sdk"
FETCH_SECONDS = 900

# performance.md 6: a pre-touched heap of huge pages and the parallel collector are the best it did.
JVM = ("-Xms2g", "-Xmx2g", "-XX:+AlwaysPreTouch", "-XX:+UseTransparentHugePages", "-XX:+UseParallelGC")


def command(build) -> list:
    """How to run SdkBench; BenchError says why it cannot be."""
    for tool in ("java", "javac", "mvn"):
        if shutil.which(tool) is None:
            raise BenchError(f"{tool} is not installed (default-jdk-headless, maven)")
    directory = pathlib.Path(build) / "tests/bench/sdk"
    classes = directory / "classes"
    if not (classes / "SdkBench.class").is_file():
        _run(["mvn", "-B", "-q", "-f", SOURCE / "pom.xml", "dependency:copy-dependencies",
              f"-DoutputDirectory={directory / 'jars'}", "-DincludeScope=runtime"])
        _run(["javac", "-nowarn", "-encoding", "UTF-8", "-d", classes, "-cp", directory / "jars/*",
              SOURCE / "SdkBench.java"])
    return ["java", *JVM, "-cp", f"{classes}:{directory / 'jars'}/*", "SdkBench"]


def _run(words) -> None:
    try:
        subprocess.run([str(word) for word in words], check=True, timeout=FETCH_SECONDS, stdout=subprocess.DEVNULL)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise BenchError(str(error)) from None
