import com.starrocks.data.load.stream.DefaultStreamLoadManager;
import com.starrocks.data.load.stream.StreamLoadDataFormat;
import com.starrocks.data.load.stream.StreamLoadManager;
import com.starrocks.data.load.stream.StreamLoadSnapshot;
import com.starrocks.data.load.stream.properties.StreamLoadProperties;
import com.starrocks.data.load.stream.properties.StreamLoadTableProperties;
import com.starrocks.data.load.stream.v2.StreamLoadManagerV2;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Calls the stream load SDK as tests/strangers/sdk_test.py tells it, line by line (see driver.py).
 *
 * <p>open key=value... | write db table row... | numbers db table first count | flush | snapshot |
 * prepare | commit | abort | labels | state db table label | save file | restore file | close
 */
public final class SdkDriver {
  private StreamLoadManager manager;
  private StreamLoadSnapshot snapshot;

  public static void main(String[] arguments) throws Exception {
    PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    // The libraries may write to standard output; the answers must stay alone there.
    System.setOut(System.err);
    SdkDriver driver = new SdkDriver();
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      String answer;
      try {
        answer = "ok\t" + driver.answer(line.split("\t", -1));
      } catch (Throwable error) {
        error.printStackTrace();
        answer = "error\t" + chain(error);
      }
      answers.println(answer.replace("\r", " ").replace("\n", " "));
    }
    System.exit(0);
  }

  private static String chain(Throwable error) {
    StringBuilder text = new StringBuilder();
    for (Throwable at = error; at != null; at = at.getCause()) {
      text.append(at).append("; ");
    }
    return text.toString();
  }

  private String answer(String[] words) throws Exception {
    switch (words[0]) {
      case "open":
        return open(words);
      case "write":
        manager.write(null, words[1], words[2], Arrays.copyOfRange(words, 3, words.length));
        return "";
      case "numbers":
        return numbers(words[1], words[2], Integer.parseInt(words[3]), Integer.parseInt(words[4]));
      case "flush":
        manager.flush();
        return "";
      case "snapshot":
        snapshot = manager.snapshot();
        return labels();
      case "prepare":
        return String.valueOf(manager.prepare(snapshot));
      case "commit":
        return String.valueOf(manager.commit(snapshot));
      case "abort":
        return String.valueOf(manager.abort(snapshot));
      case "labels":
        return labels();
      case "state":
        return ((StreamLoadManagerV2) manager)
            .getStreamLoader().getLoadStatus(words[1], words[2], words[3]).name();
      case "save":
        try (ObjectOutputStream out = new ObjectOutputStream(Files.newOutputStream(Path.of(words[1])))) {
          out.writeObject(snapshot);
        }
        return "";
      case "restore":
        try (ObjectInputStream in = new ObjectInputStream(Files.newInputStream(Path.of(words[1])))) {
          snapshot = (StreamLoadSnapshot) in.readObject();
        }
        return labels();
      case "close":
        manager.close();
        return "";
      default:
        throw new IllegalArgumentException("no such request: " + words[0]);
    }
  }

  private String numbers(String database, String table, int first, int count) {
    for (int i = first; i < first + count; i++) {
      manager.write(null, database, table, "{\"id\":" + i + ",\"line\":\"line " + i + "\"}");
    }
    return "";
  }

  private String labels() {
    List<String> labels = new ArrayList<>();
    for (StreamLoadSnapshot.Transaction transaction : snapshot.getTransactions()) {
      labels.add(transaction.getLabel());
    }
    return String.join(",", labels);
  }

  private String open(String[] words) {
    Map<String, String> options = new HashMap<>();
    StreamLoadTableProperties.Builder table = StreamLoadTableProperties.builder();
    StreamLoadProperties.Builder builder = StreamLoadProperties.builder();
    for (String word : Arrays.copyOfRange(words, 1, words.length)) {
      int at = word.indexOf('=');
      String key = word.substring(0, at);
      String value = word.substring(at + 1);
      if (key.startsWith("property.")) {
        table.addProperty(key.substring("property.".length()), value);
      } else if (key.startsWith("header.")) {
        builder.addHeader(key.substring("header.".length()), value);
      } else {
        options.put(key, value);
      }
    }
    String separator = options.get("separator");
    StreamLoadDataFormat format =
        separator == null ? StreamLoadDataFormat.JSON : new StreamLoadDataFormat.CSVFormat("\n");
    if (separator != null) {
      table.addProperty("column_separator", separator);
    } else {
      table.addProperty("format", "json").addProperty("strip_outer_array", "true");
    }
    // Without a limit the builder's default of 0 would make every row a load of its own.
    table.database(options.get("db")).table(options.get("table")).streamLoadDataFormat(format)
        .chunkLimit(Long.parseLong(options.getOrDefault("chunk", "1048576")));
    if (options.containsKey("columns")) {
      table.columns(options.get("columns"));
    }
    builder.loadUrls(options.get("urls").split(",")).jdbcUrl("jdbc:mysql://127.0.0.1:1")
        .username("root").password(options.get("password")).version(options.getOrDefault("version", "3.5.0"))
        .cacheMaxBytes(64L << 20).connectTimeout(60_000).waitForContinueTimeoutMs(60_000)
        .socketTimeout(90_000).ioThreadCount(2).scanningFrequency(50)
        .expectDelayTime(Long.parseLong(options.getOrDefault("delay", "600000")))
        .maxRetries(Integer.parseInt(options.getOrDefault("retries", "0"))).retryIntervalInMs(200)
        .labelPrefix(options.getOrDefault("prefix", "sdk-")).defaultTableProperties(table.build());
    if (Boolean.parseBoolean(options.get("transaction"))) {
      builder.enableTransaction();
    }
    if ("v1".equals(options.get("manager"))) {
      manager = new DefaultStreamLoadManager(builder.build());
    } else {
      StreamLoadManagerV2 v2 =
          new StreamLoadManagerV2(builder.build(), Boolean.parseBoolean(options.get("commit")));
      if (options.containsKey("label")) {
        v2.setLabelGeneratorFactory((database, name) -> () -> options.get("label"));
      }
      manager = v2;
    }
    manager.init();
    return "";
  }
}
