/*
 * How the suite talks to a client program of some OPC UA stack: one JSON document a line, a request on its standard input, the
 * answer on its standard output, one after the other. A client program decides nothing: it does what a request says with its
 * stack and tells what came of it. It tells statuses as numbers and NodeIds as text with the indexes of its server.
 */

export interface CertificateFiles {
  /** Paths of PEM files, the key as PKCS #8. */
  readonly certificate: string;
  readonly key: string;
}

/** A password user, a certificate user, or `undefined` for an anonymous one. */
export type User = { readonly name: string; readonly password: string } | CertificateFiles | undefined;

export interface Application extends CertificateFiles {
  /** ApplicationUri, the same as in the certificate. */
  readonly uri: string;
}

export type SecurityPolicyName = 'None' | 'Basic256Sha256' | 'Aes128_Sha256_RsaOaep' | 'Aes256_Sha256_RsaPss';

/** A value with its OPC UA built-in type by name; an array is a list of that type. */
export interface Typed {
  readonly type: 'Boolean' | 'Int32' | 'UInt32' | 'Float' | 'Double' | 'String' | 'ByteString' | 'LocalizedText';
  /** ByteString as base64, LocalizedText as its text, not a number as 'NaN'. */
  readonly value: unknown;
}

export interface PathStep {
  readonly ns: number;
  readonly name: string;
}

/** One field of an event: the path from the type, or with an empty path the NodeId attribute of the condition itself. */
export interface EventField {
  readonly type: string;
  readonly path: readonly PathStep[];
}

/** `connection` is a name that the suite chooses; `take` gives what came since the last one, at once when there is something. */
export type Request =
  | { readonly do: 'hello' }
  | { readonly do: 'endpoints'; readonly url: string }
  | {
      readonly do: 'connect';
      readonly connection: string;
      readonly url: string;
      /** `None` is an unsecured connection, all others SignAndEncrypt. */
      readonly policy: SecurityPolicyName;
      readonly application: Application;
      readonly user?: User;
    }
  | { readonly do: 'translate'; readonly connection: string; /** From Root. */ readonly path: readonly PathStep[] }
  | { readonly do: 'browse'; readonly connection: string; readonly node: string }
  | { readonly do: 'read'; readonly connection: string; readonly node: string }
  | { readonly do: 'write'; readonly connection: string; readonly node: string; /** Value alone. */ readonly value: Typed }
  | {
      readonly do: 'call';
      readonly connection: string;
      readonly object: string;
      readonly method: string;
      readonly arguments: readonly Typed[];
    }
  | { readonly do: 'subscribe'; readonly connection: string; readonly node: string; readonly samplingMs: number }
  | { readonly do: 'subscribeEvents'; readonly connection: string; readonly node: string; readonly fields: readonly EventField[] }
  | { readonly do: 'take'; readonly connection: string; readonly subscription: number; readonly withinMs: number }
  | { readonly do: 'close'; readonly connection: string };

/** A DataValue. Times are ISO 8601 in UTC, absent where none came. */
export interface ReadValue {
  readonly status: number;
  /** As JSON: LocalizedText as {locale, text}, ByteString as base64, EnumValueType as {value, displayName}, NodeId as text. */
  readonly value: unknown;
  /** Name of the built-in type. */
  readonly type?: string;
  readonly sourceTime?: string;
  readonly serverTime?: string;
}

export interface Child extends PathStep {
  readonly node: string;
}

/** What a request comes to when it works. Each kind of request fills its own. */
export interface Answer {
  readonly stack: string;
  readonly endpoints: readonly { readonly policy: string; /** MessageSecurityMode, 3 = SignAndEncrypt. */ readonly mode: number }[];
  readonly node: string;
  readonly children: readonly Child[];
  readonly value: ReadValue;
  readonly outputs: readonly unknown[];
  readonly subscription: number;
  /** Data: DataValues; events: their fields in the order asked for. */
  readonly got: readonly unknown[];
}

/** An OPC UA status that is not Good, or what the stack says where it gives no status. */
export type Failure = { readonly status: number } | { readonly failed: string };
