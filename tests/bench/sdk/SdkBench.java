import com.starrocks.data.load.stream.StreamLoadDataFormat;
import com.starrocks.data.load.stream.properties.StreamLoadProperties;
import com.starrocks.data.load.stream.properties.StreamLoadTableProperties;
import com.starrocks.data.load.stream.v2.StreamLoadManagerV2;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The Flink connector's stream load SDK, loading rows that are in memory already, as fast as it can.
 *
 * <p>Usage: SdkBench FE_PORT FILE. Each line of its input is a number: load the file so many times,
 * wait for the commit, print what it took as JSON. One JVM for all of them, so that it is warm.
 * Options as performance.md 6: one writer thread, 90 MiB a load, whole chunks.
 */
public final class SdkBench {
  private static final long LOAD_BYTES = 90L << 20;

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // The libraries may write to standard output; the answers must stay alone there.
    System.setOut(System.err);
    List<String> rows = Files.readAllLines(Path.of(arguments[1]));
    long size = Files.size(Path.of(arguments[1]));
    answers.println("{\"ready\": true}");
    BufferedReader requests = new BufferedReader(new InputStreamReader(System.in));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      int times = Integer.parseInt(line.trim());
      String error = "";
      long cpu = cpu();
      long started = System.nanoTime();
      try {
        load(arguments[0], rows, times);
      } catch (Throwable failure) {
        failure.printStackTrace();
        error = failure.toString().replace('"', '\'').replace('\n', ' ');
      }
      answers.printf(
          "{\"seconds\": %.6f, \"cpu\": %.6f, \"bytes\": %d, \"rows\": %d, \"error\": \"%s\"}%n",
          (System.nanoTime() - started) / 1e9, (cpu() - cpu) / 1e9, size * times,
          (long) rows.size() * times, error);
    }
    System.exit(0);
  }

  private static void load(String port, List<String> rows, int times) {
    StreamLoadTableProperties table =
        StreamLoadTableProperties.builder()
            .database("bench")
            .table("t0")
            .streamLoadDataFormat(new StreamLoadDataFormat.CSVFormat("\n"))
            // The builder's default, 0, makes every row a load of its own.
            .chunkLimit(LOAD_BYTES)
            .addProperty("column_separator", "\t")
            .build();
    StreamLoadProperties properties =
        StreamLoadProperties.builder()
            .loadUrls("http://127.0.0.1:" + port)
            .jdbcUrl("jdbc:mysql://127.0.0.1:1")
            .username("root")
            .password("")
            .version("3.5.0")
            .labelPrefix("sdk-")
            .enableTransaction()
            .defaultTableProperties(table)
            .cacheMaxBytes(2 * LOAD_BYTES)
            .expectDelayTime(300_000)
            .ioThreadCount(2)
            .addHeader("format", "csv")
            .build();
    StreamLoadManagerV2 manager = new StreamLoadManagerV2(properties, true);
    manager.init();
    for (int i = 0; i < times; i++) {
      for (String row : rows) {
        manager.write(null, "bench", "t0", row);
      }
    }
    manager.flush();
    manager.close();
  }

  private static long cpu() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}
