import static org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned.uint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.milo.opcua.sdk.client.OpcUaClient;
import org.eclipse.milo.opcua.sdk.client.subscriptions.OpcUaMonitoredItem;
import org.eclipse.milo.opcua.sdk.client.subscriptions.OpcUaSubscription;
import org.eclipse.milo.opcua.stack.core.AttributeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.QualifiedName;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.structured.ContentFilter;
import org.eclipse.milo.opcua.stack.core.types.structured.ContentFilterElement;
import org.eclipse.milo.opcua.stack.core.types.structured.EventFilter;
import org.eclipse.milo.opcua.stack.core.types.structured.SimpleAttributeOperand;

/** The subscriptions of a session and what has come on each. */
final class Subscriptions {
  private static final int LARGE_QUEUE = 1000;
  private static final double PUBLISH_EVERY_MS = 50;

  private final OpcUaClient client;
  private final Map<Long, BlockingQueue<JsonElement>> queues = new ConcurrentHashMap<>();

  Subscriptions(OpcUaClient client) {
    this.client = client;
  }

  JsonObject data(JsonObject request) throws Exception {
    BlockingQueue<JsonElement> queue = new LinkedBlockingQueue<>();
    OpcUaMonitoredItem item = OpcUaMonitoredItem.newDataItem(Connection.node(request, "node"));
    item.setSamplingInterval(request.get("samplingMs").getAsDouble());
    item.setDataValueListener((of, value) -> queue.add(Values.told(value, client)));
    return create(item, queue);
  }

  JsonObject events(JsonObject request) throws Exception {
    List<SimpleAttributeOperand> selected = new ArrayList<>();
    for (JsonElement each : request.getAsJsonArray("fields")) {
      QualifiedName[] path = Connection.names(each.getAsJsonObject().getAsJsonArray("path"));
      AttributeId attribute = path.length == 0 ? AttributeId.NodeId : AttributeId.Value;
      NodeId type = Connection.node(each.getAsJsonObject(), "type");
      selected.add(new SimpleAttributeOperand(type, path, attribute.uid(), null));
    }
    BlockingQueue<JsonElement> queue = new LinkedBlockingQueue<>();
    EventFilter filter =
        new EventFilter(selected.toArray(new SimpleAttributeOperand[0]), new ContentFilter(new ContentFilterElement[0]));
    OpcUaMonitoredItem item = OpcUaMonitoredItem.newEventItem(Connection.node(request, "node"), filter);
    item.setEventValueListener((of, fields) -> queue.add(told(fields)));
    return create(item, queue);
  }

  private JsonObject create(OpcUaMonitoredItem item, BlockingQueue<JsonElement> queue) throws Exception {
    item.setQueueSize(uint(LARGE_QUEUE));
    OpcUaSubscription subscription = new OpcUaSubscription(client, PUBLISH_EVERY_MS);
    subscription.create();
    subscription.addMonitoredItem(item);
    Connection.unlessGood(subscription.createMonitoredItems().get(0).serviceResult());
    Connection.unlessGood(item.getCreateResult().orElseThrow());
    long id = subscription.getSubscriptionId().orElseThrow().longValue();
    queues.put(id, queue);
    return Client.with("subscription", new JsonPrimitive(id));
  }

  private JsonArray told(Variant[] fields) {
    JsonArray told = new JsonArray();
    for (Variant each : fields) told.add(Values.told(each.value(), client));
    return told;
  }

  JsonObject take(JsonObject request) throws InterruptedException {
    BlockingQueue<JsonElement> queue = queues.get(request.get("subscription").getAsLong());
    JsonArray got = new JsonArray();
    JsonElement first = queue.poll(request.get("withinMs").getAsLong(), TimeUnit.MILLISECONDS);
    for (JsonElement each = first; each != null; each = queue.poll()) got.add(each);
    return Client.with("got", got);
  }
}
