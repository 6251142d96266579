import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { RejectedError, UnavailableError } from '../../src/core/index.ts';
import { type LocalServer, serveLocally } from '../../src/platform/index.ts';

const ROUTES = {
  '/good': () => ({ status: 200 as const, type: 'text/plain', body: 'good' }),
  '/bad': () => ({ status: 503 as const, type: 'application/json', body: '{}' }),
  '/broken': (): never => {
    throw new Error('a secret 4711');
  },
};

describe('pages for this machine alone', () => {
  let server: LocalServer;
  before(async () => {
    server = await serveLocally({ host: '127.0.0.1', port: 0 }, ROUTES);
  });
  after(() => server.stop());

  const port = (): number => Number(new URL(server.url).port);
  const ask = (
    path: string,
    options: { readonly method?: string; readonly host?: string } = {},
  ): Promise<{ status: number; body: string; allow?: string }> =>
    new Promise((resolve, reject) => {
      const { method = 'GET', host } = options;
      const headers = { connection: 'close', ...(host === undefined ? {} : { host }) };
      request({ host: '127.0.0.1', port: port(), path, method, headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => {
          const { allow } = response.headers;
          resolve({ status: response.statusCode ?? 0, body, ...(allow === undefined ? {} : { allow }) });
        });
      })
        .on('error', reject)
        .end();
    });

  test('a page is answered with its status; a query changes nothing', async () => {
    assert.deepEqual(await ask('/good'), { status: 200, body: 'good' });
    assert.deepEqual(await ask('/good?x=1'), { status: 200, body: 'good' });
    assert.deepEqual(await ask('/bad'), { status: 503, body: '{}' });
  });

  test('HEAD is answered without a body', async () => {
    assert.deepEqual(await ask('/good', { method: 'HEAD' }), { status: 200, body: '' });
  });

  test('nothing can be changed: other methods are refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      assert.deepEqual(await ask('/good', { method }), { status: 405, body: 'Only GET and HEAD.\n', allow: 'GET, HEAD' });
    }
  });

  test('an unknown path tells those that there are, and nothing of objects', async () => {
    for (const path of ['/', '/goo', '/__proto__', '/constructor', '/good/..']) {
      assert.deepEqual(await ask(path), { status: 404, body: 'There are /good, /bad, /broken.\n' });
    }
  });

  test('a page that breaks says no word of why', async () => {
    assert.deepEqual(await ask('/broken'), { status: 500, body: 'The figures could not be read.\n' });
  });

  test('a web page that leads a browser here under a name of its own is refused', async () => {
    for (const host of ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '127.0.0.1@evil.example']) {
      assert.equal((await ask('/good', { host })).status, 421, host);
    }
    for (const host of ['localhost', 'LOCALHOST:1', '[::1]:9464', '127.0.0.1:9464']) {
      assert.equal((await ask('/good', { host })).status, 200, host);
    }
  });

  test('bytes that are no HTTP end the connection, and the server lives on', async () => {
    await new Promise<void>((resolve, reject) => {
      const socket = connect(port(), '127.0.0.1', () => socket.end('\x00\x01\x02 nonsense\r\n\r\n'));
      socket.on('close', () => resolve());
      socket.on('error', reject);
      socket.resume();
    });
    assert.equal((await ask('/good')).status, 200);
  });

  test('no other address than a loopback one is listened on', async () => {
    for (const host of ['0.0.0.0', '::', '192.168.1.1', 'localhost', 'example.org', '127.0.0.2', '']) {
      await assert.rejects(
        serveLocally({ host, port: 0 }, ROUTES),
        (error) => error instanceof RejectedError && error.code === 'NOT_LOOPBACK',
      );
    }
  });

  test('a port that is in use is said with what to do', async () => {
    await assert.rejects(
      serveLocally({ host: '127.0.0.1', port: port() }, ROUTES),
      (error) => error instanceof UnavailableError && error.code === 'HTTP_PORT_IN_USE' && error.message.includes(String(port())),
    );
  });

  test('a stop does not wait for a client that keeps its connection', async () => {
    const other = await serveLocally({ host: '127.0.0.1', port: 0 }, ROUTES);
    const socket = connect(Number(new URL(other.url).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await other.stop();
    await closed;
  });
});
