import { parentPort, workerData } from 'node:worker_threads';
import { DcmbError } from '../core/index.ts';
import type { StoreErrorCode } from './errors.ts';
import { failedDisk } from './faults.ts';
import { JournalFile } from './journal-file.ts';
import type { JournalPlace, JournalReply, JournalRequest, ToldError } from './journal-messages.ts';

/* The thread of one journal: does what it is asked, in the order in which it is asked. */

const place = workerData as JournalPlace;
let file: JournalFile | undefined;

parentPort?.on('message', (request: JournalRequest) => {
  if (request.kind === 'close') {
    file?.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(answer(request));
});

function answer(request: JournalRequest): JournalReply {
  const { id } = request;
  try {
    file ??= new JournalFile(place);
    if (request.kind === 'entries') return { id, entries: file.entries(), bytes: file.bytes };
    if (request.kind === 'append') file.append(request.entries);
    if (request.kind === 'erase') file.erase(request.below);
    return { id, bytes: file.bytes };
  } catch (error) {
    return { id, error: told(error) };
  }
}

function told(error: unknown): ToldError {
  if (error instanceof DcmbError) return { kind: error.kind, code: error.code as StoreErrorCode, message: error.message };
  return told(failedDisk(place.file, error instanceof Error ? error.message : String(error), error));
}
