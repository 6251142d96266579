import type * as FabricShim from 'fabric-shim';
import type { Bytes } from '../../../core/index.ts';
import type { Answer, Stub } from './stub.ts';

export interface ChaincodeServerOptions {
  /** Id of the installed package that this process serves: every definition of it, on every channel. */
  readonly packageId: string;
  /** host:port to listen on. */
  readonly address: string;
  /** PEM: the server's own key and certificate, and the CAs of the peers' client certificates. */
  readonly tls: { readonly key: Bytes; readonly certificate: Bytes; readonly clientCas: Bytes };
  readonly invoke: (stub: Stub) => Promise<Answer>;
}

/**
 * Serves a chaincode to peers that prove themselves by a certificate. Resolves when it listens. For a process of its own: the
 * shim's ways of writing to the log and of ending the process are turned off in the whole of it.
 * @throws Error where the address can't be had
 */
export async function serveChaincode({ packageId, address, tls, invoke }: ChaincodeServerOptions): Promise<void> {
  const shim = await loadShim();
  const chaincode: FabricShim.ChaincodeInterface = {
    Init: () => Promise.resolve(NO_INIT),
    Invoke: (stub) => invoke(stub as unknown as Stub),
  };
  const tlsProps = { key: Buffer.from(tls.key), cert: Buffer.from(tls.certificate), clientCACerts: Buffer.from(tls.clientCas) };
  // Without this, a message of more than 4 MB would end the stream to the peer, and with it all that is under way on it.
  const unlimited = { 'grpc.max_receive_message_length': -1 };
  await shim.Shim.server(chaincode, { ccid: packageId, address, tlsProps, ...unlimited }).start();
}

const NO_INIT = {
  status: 500,
  message: '{"code":"BAD_CALL","message":"This chaincode needs no initialisation. Approve and commit it without --init-required."}',
};

async function loadShim(): Promise<typeof FabricShim> {
  // It logs refusals with their texts at level error; its own `fatal` is a level that it never uses. It looks when it is loaded.
  process.env['CORE_CHAINCODE_LOGGING_LEVEL'] = 'CRITICAL';
  // It still starts its gRPC server by a call that has become superfluous.
  process.noDeprecation = true;
  keepShimFromExiting();
  return (await import('fabric-shim')).default;
}

/**
 * At a message of a type that it does not know, the shim ends the process, and with it all that other peers have under way. A
 * peer's keepalive (`chaincode.keepalive` of core.yaml) is such a message. It is passed over instead.
 */
function keepShimFromExiting(): void {
  const exit = process.exit.bind(process);
  process.exit = (code) => {
    if (code === 1 && /node_modules.fabric-shim.lib.handler\.js/.test(new Error().stack ?? '')) return undefined as never;
    return exit(code);
  };
}
