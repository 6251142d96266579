import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, mock, test } from 'node:test';
import { trustListOf } from '../../src/app/link-access.ts';
import { type CertificateFacts, readCertificate, type TrustList } from '../../src/server/index.ts';
import { identity } from './support.ts';

const HOUR_MS = 3_600_000;

describe('a flood of strangers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dcmb-strangers-'));
  let stranger: CertificateFacts;
  let trust: TrustList;
  let told: string[];
  let round = 0;
  before(async () => (stranger = readCertificate((await identity('stranger')).certificate)));
  beforeEach(() => {
    mock.timers.enable({ apis: ['Date'], now: 100 * HOUR_MS });
    told = [];
    trust = trustListOf(
      join(folder, String(round++)),
      'ingest',
      (event) => void (event.event === 'stranger' && told.push(event.thumbprint)),
    );
  });
  afterEach(() => mock.timers.reset());
  after(() => rmSync(folder, { recursive: true }));

  /** So many, from this number on, each with a thumbprint of its own. */
  function flood(from: number, count: number): void {
    for (let i = from; i < from + count; i++) trust.stranger({ ...stranger, thumbprint: i.toString(16).padStart(64, '0') });
  }

  test('is told a hundred times an hour, and again in the next hour', () => {
    flood(0, 150);
    assert.equal(told.length, 100);
    flood(0, 100);
    assert.equal(told.length, 100, 'each is told once');
    mock.timers.tick(HOUR_MS);
    flood(150, 1);
    assert.equal(told.length, 101);
  });

  test('lets thirty a minute into rejected/, so that it does not push out who waits there', () => {
    const waiting = () =>
      readdirSync(join(folder, String(round - 1)), { recursive: true }).filter((file) => String(file).endsWith('.pem')).length;
    flood(0, 150);
    assert.equal(waiting(), 30);
    mock.timers.tick(60_000);
    flood(150, 150);
    assert.equal(waiting(), 60);
  });
});
