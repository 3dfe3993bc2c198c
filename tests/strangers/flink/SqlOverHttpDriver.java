import com.starrocks.streamload.shade.com.fasterxml.jackson.databind.JsonNode;
import com.starrocks.streamload.shade.com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.Driver;
import java.sql.DriverPropertyInfo;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.logging.Logger;

/**
 * A JDBC driver over StarRocks' SQL over HTTP, as far as the connector asks: it wants the version and the
 * columns of a table by JDBC, and the emulator has no MySQL port. URL: {@code jdbc:sql-over-http:HOST:PORT}.
 */
public final class SqlOverHttpDriver implements Driver {
  private static final String PREFIX = "jdbc:sql-over-http:";
  private static final ObjectMapper JSON = new ObjectMapper();

  @Override
  public Connection connect(String url, Properties properties) {
    if (!acceptsURL(url)) {
      return null;
    }
    String address = url.substring(PREFIX.length());
    String user = properties.getProperty("user") + ":" + properties.getProperty("password");
    String token = Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
    return proxy(Connection.class, (self, method, arguments) -> {
      switch (method.getName()) {
        case "prepareStatement":
          return statement(address, token, (String) arguments[0]);
        case "isClosed":
          return false;
        case "close":
          return null;
        default:
          throw new SQLFeatureNotSupportedException(method.toString());
      }
    });
  }

  private static PreparedStatement statement(String address, String token, String sql) {
    Map<Integer, String> values = new TreeMap<>();
    return proxy(PreparedStatement.class, (self, method, arguments) -> {
      switch (method.getName()) {
        case "setString":
          return values.put((Integer) arguments[0], (String) arguments[1]);
        case "executeQuery":
          String filled = sql;
          for (String value : values.values()) {
            filled = filled.replaceFirst("\\?", "'" + value + "'");
          }
          return query(address, token, filled);
        case "close":
          return null;
        default:
          throw new SQLFeatureNotSupportedException(method.toString());
      }
    });
  }

  private static ResultSet query(String address, String token, String sql) throws SQLException {
    String body = JSON.createObjectNode().put("query", sql).toString();
    HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + address + "/api/v1/catalogs/default_catalog/sql"))
        .timeout(Duration.ofSeconds(30)).header("Authorization", "Basic " + token)
        .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body)).build();
    List<String> names = new ArrayList<>();
    List<JsonNode> rows = new ArrayList<>();
    try {
      HttpResponse<String> response = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()
          .send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new SQLException(sql + ": " + response.body());
      }
      for (String line : response.body().split("\n")) {
        JsonNode node = JSON.readTree(line);
        if (node.has("meta")) {
          node.get("meta").forEach(column -> names.add(column.get("name").asText()));
        } else if (node.has("data")) {
          rows.add(node.get("data"));
        }
      }
    } catch (IOException error) {
      throw new SQLException(error);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new SQLException(error);
    }
    return result(names, rows);
  }

  private static ResultSet result(List<String> names, List<JsonNode> rows) {
    ResultSetMetaData columns = proxy(ResultSetMetaData.class, (self, method, arguments) -> {
      switch (method.getName()) {
        case "getColumnCount":
          return names.size();
        case "getColumnName":
          return names.get((Integer) arguments[0] - 1);
        default:
          throw new SQLFeatureNotSupportedException(method.toString());
      }
    });
    int[] row = {0};
    return proxy(ResultSet.class, (self, method, arguments) -> {
      switch (method.getName()) {
        case "next":
          return ++row[0] <= rows.size();
        case "getRow":
          return row[0] <= rows.size() ? row[0] : 0;
        case "beforeFirst":
          row[0] = 0;
          return null;
        case "absolute":
          row[0] = (Integer) arguments[0];
          return row[0] > 0 && row[0] <= rows.size();
        case "getMetaData":
          return columns;
        case "getObject":
          JsonNode value = rows.get(row[0] - 1).get((Integer) arguments[0] - 1);
          return value.isNull() ? null : value.isIntegralNumber() ? (Object) value.asLong() : value.asText();
        case "close":
          return null;
        default:
          throw new SQLFeatureNotSupportedException(method.toString());
      }
    });
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader() == null ? SqlOverHttpDriver.class.getClassLoader()
        : type.getClassLoader(), new Class<?>[] {type}, handler));
  }

  @Override
  public boolean acceptsURL(String url) {
    return url.startsWith(PREFIX);
  }

  @Override
  public DriverPropertyInfo[] getPropertyInfo(String url, Properties properties) {
    return new DriverPropertyInfo[0];
  }

  @Override
  public int getMajorVersion() {
    return 1;
  }

  @Override
  public int getMinorVersion() {
    return 0;
  }

  @Override
  public boolean jdbcCompliant() {
    return false;
  }

  @Override
  public Logger getParentLogger() throws SQLFeatureNotSupportedException {
    throw new SQLFeatureNotSupportedException();
  }
}
