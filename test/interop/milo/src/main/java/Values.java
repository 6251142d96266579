import static org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned.uint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.lang.reflect.Array;
import java.util.Base64;
import org.eclipse.milo.opcua.sdk.client.OpcUaClient;
import org.eclipse.milo.opcua.stack.core.types.builtin.ByteString;
import org.eclipse.milo.opcua.stack.core.types.builtin.DataValue;
import org.eclipse.milo.opcua.stack.core.types.builtin.DateTime;
import org.eclipse.milo.opcua.stack.core.types.builtin.ExtensionObject;
import org.eclipse.milo.opcua.stack.core.types.builtin.LocalizedText;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.structured.EnumValueType;

/** Between JSON and OPC UA values. */
final class Values {
  private Values() {}

  static Variant variant(JsonObject typed) {
    String type = typed.get("type").getAsString();
    JsonElement value = typed.get("value");
    if (!value.isJsonArray()) return new Variant(scalar(type, value));
    JsonArray items = value.getAsJsonArray();
    Object array = Array.newInstance(scalar(type, items.get(0)).getClass(), items.size());
    for (int i = 0; i < items.size(); i++) Array.set(array, i, scalar(type, items.get(i)));
    return new Variant(array);
  }

  private static Object scalar(String type, JsonElement value) {
    switch (type) {
      case "Boolean":
        return value.getAsBoolean();
      case "Int32":
        return value.getAsInt();
      case "UInt32":
        return uint(value.getAsLong());
      case "Float":
        return value.getAsFloat();
      case "Double":
        return Double.valueOf(value.getAsString());
      case "String":
        return value.getAsString();
      case "ByteString":
        return ByteString.of(Base64.getDecoder().decode(value.getAsString()));
      case "LocalizedText":
        return new LocalizedText(null, value.getAsString());
      default:
        throw new IllegalArgumentException("no type " + type);
    }
  }

  static JsonObject told(DataValue value, OpcUaClient client) {
    JsonObject told = new JsonObject();
    told.addProperty("status", value.statusCode().value());
    told.add("value", told(value.value().value(), client));
    value.value().getDataType().ifPresent(type -> told.addProperty("type", type.name()));
    if (value.sourceTime() != null) told.add("sourceTime", told(value.sourceTime(), client));
    if (value.serverTime() != null) told.add("serverTime", told(value.serverTime(), client));
    return told;
  }

  static JsonElement told(Object value, OpcUaClient client) {
    if (value == null) return JsonNull.INSTANCE;
    if (value.getClass().isArray()) return list(value, client);
    if (value instanceof Boolean of) return new JsonPrimitive(of);
    if (value instanceof Number of) return new JsonPrimitive(of);
    if (value instanceof DateTime of) return new JsonPrimitive(of.getJavaInstant().toString());
    if (value instanceof NodeId of) return new JsonPrimitive(of.toParseableString());
    if (value instanceof StatusCode of) return new JsonPrimitive(of.value());
    if (value instanceof ByteString of) {
      return new JsonPrimitive(Base64.getEncoder().encodeToString(of.bytesOrEmpty()));
    }
    if (value instanceof LocalizedText of) {
      JsonObject told = new JsonObject();
      told.addProperty("locale", of.locale());
      told.addProperty("text", of.text());
      return told;
    }
    if (value instanceof ExtensionObject of && of.decode(client.getStaticEncodingContext()) instanceof EnumValueType named) {
      JsonObject told = new JsonObject();
      told.addProperty("value", named.getValue());
      told.addProperty("displayName", named.getDisplayName().text());
      return told;
    }
    return new JsonPrimitive(value.toString());
  }

  private static JsonArray list(Object array, OpcUaClient client) {
    JsonArray told = new JsonArray();
    for (int i = 0; i < Array.getLength(array); i++) told.add(told(Array.get(array, i), client));
    return told;
  }
}
