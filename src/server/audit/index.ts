export { AuditCommitments } from './commitments.ts';
export { AuditEvents, type AuditEventsParts } from './audit-events.ts';
export { letReceiveAudits } from './receivers.ts';
export { countRefusals, RefusalCounter, type Refusals } from './refusals.ts';
export { type Asker, type AuditSink, auditServices } from './services.ts';
export { userIdOf } from './user-id.ts';
