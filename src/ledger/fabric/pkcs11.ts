import type { KeyObject, X509Certificate } from 'node:crypto';
import { createHash, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type HSMSigner, signers } from '@hyperledger/fabric-gateway';
import type { Bytes } from '../../core/index.ts';
import { badIdentity, type FabricSigner, type Pkcs11Options } from './signer.ts';

type Factory = ReturnType<typeof signers.newHSMSignerFactory>;

/** A library may be initialised once in a process; its last user finalises it. */
const libraries = new Map<string, { readonly factory: Factory; users: number }>();

/**
 * A signer whose private key never leaves its token. Signing begins with a probe, so that a wrong PIN, key or library is
 * known before anything depends on it.
 * @throws RejectedError `BAD_IDENTITY`; never with the PIN
 */
export async function openTokenSigner(options: Pkcs11Options, certificate: X509Certificate): Promise<FabricSigner> {
  const pin = await readPin(options.pinFile);
  const factory = acquire(options.library);
  let signer: TokenSigner | undefined;
  try {
    const opened = factory.newSigner({ label: options.label, pin, identifier: Buffer.from(options.keyId, 'hex') });
    signer = new TokenSigner(opened, () => release(options.library));
    await probe(signer, certificate.publicKey);
    return signer;
  } catch (cause) {
    if (signer === undefined) release(options.library);
    else signer.close();
    throw badIdentity(
      `the token "${options.label}" of ${options.library} does not sign with key ${options.keyId} (${reason(cause)})`,
      cause,
    );
  }
}

/** A session signs one thing at a time: what is asked for meanwhile waits. */
class TokenSigner implements FabricSigner {
  readonly #token: HSMSigner;
  readonly #released: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(token: HSMSigner, released: () => void) {
    this.#token = token;
    this.#released = released;
  }

  sign(message: Bytes): Promise<Bytes> {
    const digest = createHash('sha256').update(message).digest();
    const signed = this.#last.then(() => this.#token.signer(digest));
    this.#last = signed.catch(() => undefined);
    return signed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#token.close();
    this.#released();
  }
}

async function probe(signer: FabricSigner, key: KeyObject): Promise<void> {
  const message = Buffer.from('DCMB probe of a token');
  const signature = await signer.sign(message);
  if (!verify('sha256', message, key, signature)) throw new Error('its key is not that of the certificate');
}

function acquire(library: string): Factory {
  const known = libraries.get(library) ?? { factory: load(library), users: 0 };
  known.users++;
  libraries.set(library, known);
  return known.factory;
}

function load(library: string): Factory {
  try {
    return signers.newHSMSignerFactory(library);
  } catch (cause) {
    throw badIdentity(`the PKCS#11 library ${library} can't be loaded (${reason(cause)})`, cause);
  }
}

function release(library: string): void {
  const known = libraries.get(library);
  if (known === undefined || --known.users > 0) return;
  libraries.delete(library);
  known.factory.dispose();
}

async function readPin(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw badIdentity(`the PIN file ${file} can't be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown fault'})`, cause);
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown fault';
}
