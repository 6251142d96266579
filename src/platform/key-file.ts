import { createPrivateKey, type KeyObject } from 'node:crypto';
import { open } from 'node:fs/promises';
import {
  type Bytes,
  concat,
  ed25519Signer,
  fromBase64Url,
  publicKeyOfX25519,
  type Random,
  RejectedError,
  type Signer,
} from '../core/index.ts';
import type { PlatformErrorCode } from './errors.ts';
import { errnoOf, writeFileAtomic } from './files.ts';

/*
 * Private keys in files of their own: PKCS#8 in PEM (RFC 8410), which other tools read too, mode 0600. A file that
 * other users of the machine may read is refused: its key has to count as known to them.
 */

/** A static X25519 key pair, raw bytes. */
export interface ExchangeKey {
  readonly privateKey: Bytes;
  readonly publicKey: Bytes;
}

type Curve = 'ed25519' | 'x25519';

/** PKCS#8 up to the 32 private bytes (RFC 8410 section 7). */
const PKCS8_PREFIX: Readonly<Record<Curve, Bytes>> = {
  ed25519: Uint8Array.from(Buffer.from('302e020100300506032b657004220420', 'hex')),
  x25519: Uint8Array.from(Buffer.from('302e020100300506032b656e04220420', 'hex')),
};

/** Makes a new Ed25519 key in a new file. @throws RejectedError `FILE_EXISTS` */
export async function createSigningKey(path: string, random: Random): Promise<Signer> {
  return ed25519Signer(await createKey(path, 'ed25519', random));
}

/** Makes a new X25519 key in a new file. @throws RejectedError `FILE_EXISTS` */
export async function createExchangeKey(path: string, random: Random): Promise<ExchangeKey> {
  return exchangeKey(await createKey(path, 'x25519', random));
}

/** @throws RejectedError `BAD_KEY_FILE`, in one sentence with file and remedy */
export async function loadSigningKey(path: string): Promise<Signer> {
  return ed25519Signer(await loadKey(path, 'ed25519'));
}

/** @throws RejectedError `BAD_KEY_FILE`, in one sentence with file and remedy */
export async function loadExchangeKey(path: string): Promise<ExchangeKey> {
  return exchangeKey(await loadKey(path, 'x25519'));
}

function exchangeKey(privateKey: Bytes): ExchangeKey {
  return { privateKey, publicKey: publicKeyOfX25519(privateKey) };
}

async function createKey(path: string, curve: Curve, random: Random): Promise<Bytes> {
  const privateKey = random.bytes(32);
  const der = Buffer.from(concat(PKCS8_PREFIX[curve], privateKey)).toString('base64');
  const pem = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
  await writeFileAtomic(path, pem, { mode: 0o600, replace: false });
  return privateKey;
}

async function loadKey(path: string, curve: Curve): Promise<Bytes> {
  const key = parseKey(path, await readPrivately(path));
  if (key.asymmetricKeyType !== curve) {
    throw badFile(path, `holds a key of another kind than ${curve}`, 'Check whether two key files were mixed up.');
  }
  return fromBase64Url(key.export({ format: 'jwk' })['d'] ?? '');
}

function parseKey(path: string, pem: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    // The parser's error is not passed on as cause: it may quote its input.
    throw badFile(path, 'is not a PKCS#8 private key in PEM without a password', 'Restore it from a backup, or make a new key.');
  }
}

/** Looks at the opened file, not at its name again, so that both answers are about one file. */
export async function readPrivately(path: string): Promise<string> {
  let handle;
  try {
    handle = await open(path, 'r');
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') throw badFile(path, 'is missing', 'Correct its path, or make the key with `dcmb init`.', cause);
    throw badFile(path, `cannot be opened (${errnoOf(cause)})`, 'Give the user that runs this program the right to read it.', cause);
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw badFile(path, 'is not a file', 'Correct its path.');
    requirePrivate(path, stat.mode);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/**
 * A private key that other users of the machine may read has to count as known to them.
 * @param mode permission bits of the file, as `stat` gives them
 * @throws RejectedError `BAD_KEY_FILE`
 */
export function requirePrivate(path: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  throw badFile(
    path,
    'may be read or written by other users of this machine',
    `Run \`chmod 600 ${path}\`, and replace the key if others could log in.`,
  );
}

export function badFile(path: string, what: string, remedy: string, cause?: unknown): RejectedError<PlatformErrorCode> {
  return new RejectedError('BAD_KEY_FILE', `The key file ${path} ${what}. ${remedy}`, { cause });
}
