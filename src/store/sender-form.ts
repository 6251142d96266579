import type { Bytes } from '../core/index.ts';
import type { StoreForm } from './database.ts';
import { CACHE_SCHEMA } from './sender-cache.ts';
import { EPOCHS_SCHEMA } from './sender-epochs.ts';

const SCHEMA = `
CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), state BLOB NOT NULL) STRICT;
CREATE TABLE batches (
  n INTEGER PRIMARY KEY, interval INTEGER NOT NULL, through INTEGER NOT NULL, batch_row INTEGER NOT NULL,
  header_hash TEXT NOT NULL, header TEXT NOT NULL, delivery_hash TEXT NOT NULL, package BLOB NOT NULL,
  codes BLOB NOT NULL, publish_at INTEGER NOT NULL,
  ledger_state TEXT NOT NULL DEFAULT 'Sealed', delivery_state TEXT NOT NULL DEFAULT 'Waiting',
  transaction_id TEXT NOT NULL DEFAULT '', transaction_bytes BLOB, receipt TEXT,
  UNIQUE (interval, batch_row)
) STRICT;
-- Apart from the batches: what is read for the other side must cost the same however many readings there were.
CREATE TABLE openings (n INTEGER PRIMARY KEY REFERENCES batches, period INTEGER NOT NULL, seed BLOB NOT NULL, payload BLOB NOT NULL) STRICT;
CREATE INDEX by_period ON openings (period);
CREATE INDEX by_ledger_state ON batches (ledger_state, n);
CREATE INDEX by_delivery_state ON batches (delivery_state, n);
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
${EPOCHS_SCHEMA}${CACHE_SCHEMA}`;

/** @param key store key, 32 bytes */
export function senderForm(file: string, channel: string, key: Bytes): StoreForm {
  return { file, purpose: `sender ${channel}`, key, version: 1, schema: SCHEMA };
}
