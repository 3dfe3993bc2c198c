"""Builds a Java driver against published jars, with Maven for the jars and javac for the driver."""

from stranger_case import KEPT, SOURCE, kept, output_of, tool

# What fetching may take on a slow network; a second run finds everything below ~/.m2.
FETCH_SECONDS = 900


def build(name, main, options=()) -> list:
    """The command that runs class `main` of tests/strangers/`name`, built against the jars of its pom.xml."""
    java = tool("java", "default-jdk-headless")
    javac = tool("javac", "default-jdk-headless")
    maven = tool("mvn", "maven")
    project = SOURCE / name

    def make(directory):
        output_of([maven, "-B", "-q", "-f", project / "pom.xml", "dependency:copy-dependencies",
                   f"-DoutputDirectory={directory / 'jars'}", "-DincludeScope=runtime"], FETCH_SECONDS)
        output_of([javac, "-nowarn", "-encoding", "UTF-8", "-d", directory / "classes", "-cp", directory / "jars/*",
                   *sorted(project.glob("*.java"))], 300)

    kept(name, [project / "pom.xml", *sorted(project.glob("*.java"))], make)
    # The serial collector and one compiler thread level: these programs live for seconds.
    return [java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m", *options,
            "-cp", f"{KEPT / name / 'classes'}:{KEPT / name / 'jars'}/*", main]
