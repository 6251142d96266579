import { type Bytes, fromBase64Url, type Random, toBase64Url } from '../core/index.ts';
import { writeFileAtomic } from './files.ts';
import { badFile, readPrivately } from './key-file.ts';

const KEY_BYTES = 32;

/** Makes the key that encrypts a party's stores, in a new file of mode 0600. @throws RejectedError `FILE_EXISTS` */
export async function createStoreKey(path: string, random: Random): Promise<Bytes> {
  const key = random.bytes(KEY_BYTES);
  await writeFileAtomic(path, `${toBase64Url(key)}\n`, { mode: 0o600, replace: false });
  return key;
}

/** @throws RejectedError `BAD_KEY_FILE`, in one sentence with file and remedy */
export async function loadStoreKey(path: string): Promise<Bytes> {
  const text = (await readPrivately(path)).trim();
  try {
    const key = fromBase64Url(text);
    if (key.length === KEY_BYTES) return key;
  } catch {
    // Told below, in the same words as a key of another length; the parser's error is no cause, it may quote its input.
  }
  throw badFile(path, 'does not hold a store key (43 characters, base64url)', 'Restore it: without it nothing in the store opens.');
}
