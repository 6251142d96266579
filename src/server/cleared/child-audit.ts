import { randomBytes } from 'node:crypto';
import type { CallMethodRequest, CallMethodResultOptions, NodeId, OPCUAServer, StatusCode, UAObject, WriteValue } from 'node-opcua';
import { toBase64Url } from '../../core/index.ts';
import {
  type Asker,
  AuditCommitments,
  type AuditSink,
  auditServices,
  countRefusals,
  type Encodable,
  RefusalCounter,
  statusName,
  userIdOf,
} from '../audit/index.ts';
import { AuditLimit } from './audit-limit.ts';
import type { ClearedAudit, MethodName } from './contract.ts';
import { methodsOf, type ModulePipe } from './methods.ts';

/**
 * Tells the module what clients write and call, and what the server refuses. On the server itself nobody is told: its clients
 * are the counterparty's, and what one of them does is not the others' business.
 * @returns tells now what was only counted
 */
export function auditChild(server: OPCUAServer, channel: UAObject, pipe: ModulePipe): () => void {
  const limit = new AuditLimit((unaudited) => pipe.notice('unaudited', { unaudited }));
  const tell = (audit: ClearedAudit): void => {
    if (limit.takes(audit)) pipe.notice('audited', audit);
  };
  auditServices(server, new TellingSink(channel, tell));
  const counter = new RefusalCounter((refusals) => {
    if (limit.takesTelling()) pipe.notice('refusals', { refusals: [...refusals] });
  });
  countRefusals(server, counter);
  return () => {
    limit.flush();
    counter.flush();
  };
}

class TellingSink implements AuditSink {
  readonly #tell: (audit: ClearedAudit) => void;
  readonly #methods = new Map<string, MethodName>();
  readonly #commitments = new AuditCommitments(randomBytes(32));
  #request = 0;

  constructor(channel: UAObject, tell: (audit: ClearedAudit) => void) {
    this.#tell = tell;
    for (const [name, method] of methodsOf(channel)) {
      // A client may name the method of the type as well (OPC UA Part 4, clause 5.12.2).
      for (const id of [method.nodeId, method.methodDeclarationId]) this.#methods.set(String(id), name);
    }
  }

  writing(asker: Asker, nodes: readonly WriteValue[]): (results: readonly StatusCode[]) => void {
    const number = ++this.#request;
    return (results) => {
      const byStatus = Map.groupBy(nodes.keys(), (index) => statusName(results[index] as StatusCode));
      for (const [status, of] of byStatus) {
        const written = of.map((index) => nodes[index] as WriteValue);
        const commitment = this.#commit('new value', number, written);
        this.#tell({ service: 'Write', user: userOf(asker), method: '', status, nodes: of.length, commitment });
      }
    };
  }

  called(asker: Asker, methods: readonly CallMethodRequest[], results: readonly CallMethodResultOptions[]): void {
    const number = ++this.#request;
    methods.forEach((method, index) => {
      const status = statusName(results[index]?.statusCode as StatusCode);
      const commitment = this.#commit('arguments', number, [method]);
      this.#tell({ service: 'Call', user: userOf(asker), method: this.#nameOf(method.methodId), status, nodes: 1, commitment });
    });
  }

  #nameOf(methodId: NodeId): ClearedAudit['method'] {
    return this.#methods.get(methodId.toString()) ?? 'other';
  }

  #commit(what: 'new value' | 'arguments', number: number, parts: readonly Encodable[]): string {
    return toBase64Url(this.#commitments.commit(what, number, parts));
  }
}

function userOf({ context }: Asker): string {
  return userIdOf(context).slice(0, 256);
}
