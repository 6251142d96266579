export { AuditCommitments, type Encodable } from './commitments.ts';
export { AuditEvents, type AuditEventsParts } from './audit-events.ts';
export { letReceiveAudits } from './receivers.ts';
export { isRefusal, MOST_REFUSALS, type Refusals, SERVICES } from './refusal-names.ts';
export { countRefusals, RefusalCounter, statusName } from './refusals.ts';
export { type Asker, type AuditSink, auditServices } from './services.ts';
export { userIdOf } from './user-id.ts';
