import com.starrocks.connector.flink.StarRocksSink;
import com.starrocks.connector.flink.row.sink.StarRocksSinkRowBuilder;
import com.starrocks.connector.flink.table.sink.StarRocksSinkOptions;
import java.sql.DriverManager;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.restartstrategy.RestartStrategies;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.source.RichParallelSourceFunction;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.api.TableSchema;

/**
 * A Flink job in a mini cluster of its own: numbers from a replayable source into table test.log through
 * the StarRocks connector. Started by tests/strangers/flink_test.py with key=value arguments.
 */
public final class FlinkJob {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (String argument : arguments) {
      int at = argument.indexOf('=');
      options.put(argument.substring(0, at), argument.substring(at + 1));
    }
    DriverManager.registerDriver(new SqlOverHttpDriver());
    Configuration configuration = new Configuration();
    configuration.setString("taskmanager.memory.network.min", "16m");
    configuration.setString("taskmanager.memory.network.max", "16m");
    configuration.setString("taskmanager.memory.managed.size", "16m");
    configuration.setString("execution.checkpointing.interval", "500ms");
    configuration.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    configuration.setString("state.checkpoints.dir", options.get("checkpoints"));
    if (options.containsKey("restore")) {
      configuration.setString("execution.savepoint.path", options.get("restore"));
    }
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(Integer.parseInt(options.get("parallelism")), configuration);
    environment.setRestartStrategy(RestartStrategies.fixedDelayRestart(2, 100));
    boolean fails = Boolean.parseBoolean(options.get("fails"));
    DataStream<Long> numbers = environment
        .addSource(new Numbers(Long.parseLong(options.get("count")))).uid("numbers")
        .map(new Failing(fails)).returns(Types.LONG).uid("failing");
    if (options.containsKey("sink.properties.column_separator")) {
      // Values by column, which the connector checks against the table and writes as CSV.
      TableSchema schema = TableSchema.builder()
          .field("id", DataTypes.BIGINT().notNull()).field("line", DataTypes.STRING()).build();
      StarRocksSinkRowBuilder<Long> row = (slots, number) -> {
        slots[0] = number;
        slots[1] = "line " + number;
      };
      numbers.addSink(StarRocksSink.sink(schema, sinkOptions(options), row)).uid("sink");
    } else {
      numbers.map(number -> "{\"id\":" + number + ",\"line\":\"line " + number + "\"}").returns(Types.STRING)
          .addSink(StarRocksSink.sink(sinkOptions(options))).uid("sink");
    }
    environment.execute("strangers");
    System.out.println("finished");
    System.exit(0);
  }

  private static StarRocksSinkOptions sinkOptions(Map<String, String> options) {
    StarRocksSinkOptions.Builder builder = StarRocksSinkOptions.builder()
        .withProperty("jdbc-url", "jdbc:sql-over-http:" + options.get("urls").split(";")[0])
        .withProperty("load-url", options.get("urls"))
        .withProperty("database-name", "test")
        .withProperty("table-name", "log")
        .withProperty("username", "root")
        .withProperty("password", options.get("password"))
        .withProperty("sink.connect.timeout-ms", "60000")
        .withProperty("sink.wait-for-continue.timeout-ms", "60000");
    if (!options.containsKey("sink.properties.column_separator")) {
      builder.withProperty("sink.properties.format", "json")
          .withProperty("sink.properties.strip_outer_array", "true");
    }
    options.forEach((key, value) -> {
      if (key.startsWith("sink.")) {
        builder.withProperty(key, value);
      }
    });
    return builder.build();
  }

  /** 0 .. count - 1, each number from one subtask, a few thousand a second; replays from its checkpoint. */
  private static final class Numbers extends RichParallelSourceFunction<Long> implements CheckpointedFunction {
    private final long count;
    private long next = -1;
    private volatile boolean running = true;
    private transient ListState<Long> state;

    Numbers(long count) {
      this.count = count;
    }

    @Override
    public void run(SourceContext<Long> context) throws Exception {
      int step = getRuntimeContext().getNumberOfParallelSubtasks();
      if (next < 0) {
        next = getRuntimeContext().getIndexOfThisSubtask();
      }
      while (running && next < count) {
        synchronized (context.getCheckpointLock()) {
          context.collect(next);
          next += step;
        }
        if (next / step % 4 == 0) {
          Thread.sleep(1);
        }
      }
    }

    @Override
    public void cancel() {
      running = false;
    }

    @Override
    public void snapshotState(FunctionSnapshotContext context) throws Exception {
      state.clear();
      state.add(next);
    }

    @Override
    public void initializeState(FunctionInitializationContext context) throws Exception {
      state = context.getOperatorStateStore().getListState(new ListStateDescriptor<>("next", Long.class));
      // Redistributed entries may be another subtask's; the remainder says whose.
      int step = getRuntimeContext().getNumberOfParallelSubtasks();
      for (long restored : state.get()) {
        if (restored % step == getRuntimeContext().getIndexOfThisSubtask()) {
          next = restored;
        }
      }
    }
  }

  /** Hands on; fails once, some rows after its second checkpoint, if told so. */
  private static final class Failing implements MapFunction<Long, Long>, CheckpointListener {
    private static final AtomicBoolean HAS_FAILED = new AtomicBoolean();
    private final boolean fails;
    private int checkpoints;
    private int rows;

    Failing(boolean fails) {
      this.fails = fails;
    }

    @Override
    public Long map(Long number) {
      if (fails && checkpoints >= 2 && ++rows > 500 && HAS_FAILED.compareAndSet(false, true)) {
        System.out.println("failing at " + number);
        throw new IllegalStateException("told to fail");
      }
      return number;
    }

    @Override
    public void notifyCheckpointComplete(long checkpoint) {
      checkpoints++;
    }
  }
}
