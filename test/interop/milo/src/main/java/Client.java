import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.eclipse.milo.opcua.sdk.client.DiscoveryClient;
import org.eclipse.milo.opcua.stack.core.UaException;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.structured.EndpointDescription;

/** Does with Java Eclipse Milo what test/interop/protocol.ts asks for: a JSON request a line in, a JSON answer a line out. */
public final class Client {
  private final Map<String, Connection> connections = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    // Java's own providers do not know RSA-PSS by the name that Milo asks for.
    Security.addProvider(new BouncyCastleProvider());
    Client client = new Client();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      System.out.println(client.answer(JsonParser.parseString(line).getAsJsonObject()));
    }
    System.exit(0);
  }

  private JsonObject answer(JsonObject request) {
    JsonObject failure = new JsonObject();
    try {
      return perform(request);
    } catch (Exception error) {
      Optional<StatusCode> status = UaException.extractStatusCode(error);
      if (status.isPresent()) failure.addProperty("status", status.get().value());
      else failure.addProperty("failed", error.toString());
    }
    return failure;
  }

  private JsonObject perform(JsonObject request) throws Exception {
    String name = request.has("connection") ? request.get("connection").getAsString() : "";
    switch (request.get("do").getAsString()) {
      case "hello":
        return with("stack", new JsonPrimitive("Java Eclipse Milo"));
      case "endpoints":
        return endpoints(request.get("url").getAsString());
      case "connect":
        connections.put(name, new Connection(request));
        return new JsonObject();
      case "close":
        connections.remove(name).client.disconnect();
        return new JsonObject();
      default:
        return onConnection(connections.get(name), request);
    }
  }

  private static JsonObject onConnection(Connection connection, JsonObject request) throws Exception {
    switch (request.get("do").getAsString()) {
      case "translate":
        return connection.translate(request);
      case "browse":
        return connection.browse(request);
      case "read":
        return connection.read(request);
      case "write":
        return connection.write(request);
      case "call":
        return connection.call(request);
      case "subscribe":
        return connection.subscriptions.data(request);
      case "subscribeEvents":
        return connection.subscriptions.events(request);
      case "take":
        return connection.subscriptions.take(request);
      default:
        throw new IllegalArgumentException("unknown request");
    }
  }

  private static JsonObject endpoints(String url) throws Exception {
    JsonArray told = new JsonArray();
    for (EndpointDescription each : DiscoveryClient.getEndpoints(url).get()) {
      JsonObject endpoint = new JsonObject();
      endpoint.addProperty("policy", each.getSecurityPolicyUri());
      endpoint.addProperty("mode", each.getSecurityMode().getValue());
      told.add(endpoint);
    }
    return with("endpoints", told);
  }

  static JsonObject with(String key, JsonElement value) {
    JsonObject answer = new JsonObject();
    answer.add(key, value);
    return answer;
  }
}
