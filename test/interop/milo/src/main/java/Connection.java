import static org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned.uint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.eclipse.milo.opcua.sdk.client.DiscoveryClient;
import org.eclipse.milo.opcua.sdk.client.OpcUaClient;
import org.eclipse.milo.opcua.sdk.client.OpcUaClientConfigBuilder;
import org.eclipse.milo.opcua.sdk.client.identity.UsernameProvider;
import org.eclipse.milo.opcua.sdk.client.identity.X509IdentityProvider;
import org.eclipse.milo.opcua.stack.core.AttributeId;
import org.eclipse.milo.opcua.stack.core.NodeIds;
import org.eclipse.milo.opcua.stack.core.StatusCodes;
import org.eclipse.milo.opcua.stack.core.UaException;
import org.eclipse.milo.opcua.stack.core.security.CertificateValidator;
import org.eclipse.milo.opcua.stack.core.types.builtin.DataValue;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.QualifiedName;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.enumerated.BrowseDirection;
import org.eclipse.milo.opcua.stack.core.types.enumerated.TimestampsToReturn;
import org.eclipse.milo.opcua.stack.core.types.structured.BrowseDescription;
import org.eclipse.milo.opcua.stack.core.types.structured.BrowsePath;
import org.eclipse.milo.opcua.stack.core.types.structured.BrowsePathResult;
import org.eclipse.milo.opcua.stack.core.types.structured.CallMethodRequest;
import org.eclipse.milo.opcua.stack.core.types.structured.CallMethodResult;
import org.eclipse.milo.opcua.stack.core.types.structured.EndpointDescription;
import org.eclipse.milo.opcua.stack.core.types.structured.ReadValueId;
import org.eclipse.milo.opcua.stack.core.types.structured.ReferenceDescription;
import org.eclipse.milo.opcua.stack.core.types.structured.RelativePath;
import org.eclipse.milo.opcua.stack.core.types.structured.RelativePathElement;
import org.eclipse.milo.opcua.stack.core.types.structured.WriteValue;

/** A session, and what is asked of it. */
final class Connection {
  private static final String POLICIES = "http://opcfoundation.org/UA/SecurityPolicy#";
  private static final int ALL_CLASSES = 0xff;
  private static final int ALL_RESULTS = 0x3f;

  final OpcUaClient client;
  final Subscriptions subscriptions;

  Connection(JsonObject request) throws Exception {
    String policy = POLICIES + request.get("policy").getAsString();
    client =
        OpcUaClient.create(
            request.get("url").getAsString(),
            found -> found.stream().filter(each -> each.getSecurityPolicyUri().equals(policy)).findFirst().or(() -> unsecured(found, policy)),
            transport -> {},
            config -> configure(config, request));
    client.connect();
    subscriptions = new Subscriptions(client);
  }

  /** For an unsecured session at a server that offers none: one of its endpoints without what secures it. */
  private static Optional<EndpointDescription> unsecured(List<EndpointDescription> found, String policy) {
    if (!policy.endsWith("#None")) return Optional.empty();
    EndpointDescription of = found.get(0);
    return Optional.of(
        new EndpointDescription(
            of.getEndpointUrl(),
            of.getServer(),
            of.getServerCertificate(),
            org.eclipse.milo.opcua.stack.core.types.enumerated.MessageSecurityMode.None,
            policy,
            of.getUserIdentityTokens(),
            of.getTransportProfileUri(),
            of.getSecurityLevel()));
  }

  private static void configure(OpcUaClientConfigBuilder config, JsonObject request) {
    JsonObject application = request.getAsJsonObject("application");
    Pair own = Pair.of(application);
    config
        .setApplicationUri(application.get("uri").getAsString())
        .setCertificate(own.certificate())
        .setCertificateChain(new java.security.cert.X509Certificate[] {own.certificate()})
        .setKeyPair(own.keys())
        .setRequestTimeout(uint(15_000))
        .setCertificateValidator(new CertificateValidator.InsecureCertificateValidator());
    if (!request.has("user")) return;
    JsonObject user = request.getAsJsonObject("user");
    if (user.has("password")) {
      config.setIdentityProvider(new UsernameProvider(user.get("name").getAsString(), user.get("password").getAsString()));
    } else {
      Pair person = Pair.of(user);
      config.setIdentityProvider(new X509IdentityProvider(person.certificate(), person.keys().getPrivate()));
    }
  }

  JsonObject translate(JsonObject request) throws UaException {
    List<RelativePathElement> elements = new ArrayList<>();
    for (QualifiedName name : names(request.getAsJsonArray("path"))) {
      elements.add(new RelativePathElement(NodeIds.HierarchicalReferences, false, true, name));
    }
    BrowsePath path = new BrowsePath(NodeIds.RootFolder, new RelativePath(elements.toArray(new RelativePathElement[0])));
    BrowsePathResult result = client.translateBrowsePaths(List.of(path)).getResults()[0];
    unlessGood(result.getStatusCode());
    return Client.with("node", new JsonPrimitive(nodeOf(result.getTargets()[0].getTargetId())));
  }

  JsonObject browse(JsonObject request) throws UaException {
    BrowseDescription asked =
        new BrowseDescription(
            node(request, "node"), BrowseDirection.Forward, NodeIds.HierarchicalReferences, true, uint(ALL_CLASSES), uint(ALL_RESULTS));
    JsonArray children = new JsonArray();
    for (ReferenceDescription each : client.browse(asked).getReferences()) {
      JsonObject child = new JsonObject();
      child.addProperty("ns", each.getBrowseName().namespaceIndex().intValue());
      child.addProperty("name", each.getBrowseName().name());
      child.addProperty("node", nodeOf(each.getNodeId()));
      children.add(child);
    }
    return Client.with("children", children);
  }

  private String nodeOf(org.eclipse.milo.opcua.stack.core.types.builtin.ExpandedNodeId id) {
    return id.toNodeId(client.getNamespaceTable()).orElseThrow().toParseableString();
  }

  JsonObject read(JsonObject request) throws UaException {
    ReadValueId asked = new ReadValueId(node(request, "node"), AttributeId.Value.uid(), null, QualifiedName.NULL_VALUE);
    DataValue value = client.read(0, TimestampsToReturn.Both, List.of(asked)).getResults()[0];
    return Client.with("value", Values.told(value, client));
  }

  JsonObject write(JsonObject request) throws UaException {
    DataValue value = DataValue.valueOnly(Values.variant(request.getAsJsonObject("value")));
    WriteValue asked = new WriteValue(node(request, "node"), AttributeId.Value.uid(), null, value);
    unlessGood(client.write(List.of(asked)).getResults()[0]);
    return new JsonObject();
  }

  JsonObject call(JsonObject request) throws UaException {
    List<Variant> arguments = new ArrayList<>();
    for (JsonElement each : request.getAsJsonArray("arguments")) arguments.add(Values.variant(each.getAsJsonObject()));
    CallMethodRequest asked =
        new CallMethodRequest(node(request, "object"), node(request, "method"), arguments.toArray(new Variant[0]));
    CallMethodResult result = client.call(List.of(asked)).getResults()[0];
    unlessGood(result.getStatusCode());
    JsonArray outputs = new JsonArray();
    if (result.getOutputArguments() != null) {
      for (Variant each : result.getOutputArguments()) outputs.add(Values.told(each.value(), client));
    }
    return Client.with("outputs", outputs);
  }

  static QualifiedName[] names(JsonArray path) {
    List<QualifiedName> told = new ArrayList<>();
    for (JsonElement each : path) {
      told.add(new QualifiedName(each.getAsJsonObject().get("ns").getAsInt(), each.getAsJsonObject().get("name").getAsString()));
    }
    return told.toArray(new QualifiedName[0]);
  }

  static NodeId node(JsonObject request, String key) {
    return NodeId.parse(request.get(key).getAsString());
  }

  static void unlessGood(StatusCode status) throws UaException {
    if (status.value() != StatusCodes.Good) throw new UaException(status);
  }
}
