import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import org.eclipse.milo.opcua.stack.core.util.CertificateUtil;

/** A certificate with its keys, from PEM files. */
record Pair(X509Certificate certificate, KeyPair keys) {
  static Pair of(JsonObject files) {
    try {
      X509Certificate certificate = CertificateUtil.decodeCertificate(bytes(files.get("certificate").getAsString()));
      PKCS8EncodedKeySpec key = new PKCS8EncodedKeySpec(bytes(files.get("key").getAsString()));
      return new Pair(certificate, new KeyPair(certificate.getPublicKey(), KeyFactory.getInstance("RSA").generatePrivate(key)));
    } catch (Exception error) {
      throw new IllegalArgumentException(error);
    }
  }

  private static byte[] bytes(String pemFile) throws Exception {
    String base64 = Files.readString(Path.of(pemFile)).replaceAll("-----[^-]+-----|\\s", "");
    return Base64.getDecoder().decode(base64);
  }
}
