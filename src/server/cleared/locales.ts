import { randomUUID } from 'node:crypto';
import { LocalizedText, type OPCUAServer, type ServerSecureChannelLayer, type ServerSession } from 'node-opcua';

/*
 * Each session gets texts in its own language (OPC UA Part 4, clauses 5.4 and 5.7.3), but a value, a queued notification
 * or an event is one object for all sessions. So a text carries both languages until it is encoded: node-opcua encodes a
 * response at once, from its first byte to its last, and for one session.
 */

export type Locale = 'en' | 'de';
export type Texts = Readonly<Record<Locale, string>>;

/** Begins the locale of a text that has both languages. No client knows it, so none can write it into a comment. */
const MARK = `${randomUUID()}:`;

let language: Locale = 'en';

/** A text in both languages. It survives being copied by node-opcua; the German one rides in the locale. */
export function bilingual({ en, de }: Texts): LocalizedText {
  return new LocalizedText({ locale: MARK + de, text: en });
}

/** The language for a session: the first that we have of those it prefers. */
export function languageOf(localeIds: readonly string[], fallback: Locale): Locale {
  const wanted = localeIds.map((id) => id.toLowerCase().split('-')[0]);
  return wanted.find((each): each is Locale => each === 'en' || each === 'de') ?? fallback;
}

/** A text as it is in one language; others than `bilingual` ones stay as they are. */
export function inLanguage(text: LocalizedText, locale: Locale): LocalizedText {
  if (text.locale?.startsWith(MARK) !== true) return text;
  return new LocalizedText({ locale, text: locale === 'en' ? text.text : text.locale.slice(MARK.length) });
}

/** Lets a server answer every session in its language. Once in a process, before the server starts. */
export function speakLanguages(server: OPCUAServer, fallback: Locale): void {
  language = fallback;
  translateWhenEncoding();
  const languages = new WeakMap<ServerSession, Locale>();
  server.on('session_activated', (session: ServerSession) => languages.set(session, languageOf(session.localeIds, fallback)));
  server.on('newChannel', (channel: ServerSecureChannelLayer) => {
    const send = channel.send_response.bind(channel);
    channel.send_response = (type, response, message, callback) => {
      const session = (message as { session?: ServerSession }).session ?? undefined;
      language = (session && languages.get(session)) ?? fallback;
      try {
        send(type, response, message, callback);
      } finally {
        language = fallback;
      }
    };
  });
}

function translateWhenEncoding(): void {
  const prototype = LocalizedText.prototype;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const { encode } = prototype;
  prototype.encode = function (this: LocalizedText, stream) {
    encode.call(inLanguage(this, language), stream);
  };
}
