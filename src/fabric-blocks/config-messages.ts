import { bool, bytesField, int32, mapOfMessages, message, repeatedBytes, repeatedMessage, repeatedText, text, uint64 } from './message.ts';

/*
 * Fabric's messages of a channel's configuration: common/configtx.proto, common/policies.proto, common/configuration.proto,
 * msp/msp_config.proto, msp/msp_principal.proto, peer/policy.proto, peer/lifecycle.
 */

export const ConfigGroupMessage = {
  version: uint64(1),
  groups: mapOfMessages(2),
  values: mapOfMessages(3),
  policies: mapOfMessages(4),
  modPolicy: text(5),
};
export const ConfigValueMessage = { version: uint64(1), value: bytesField(2), modPolicy: text(3) };
export const PolicyMessage = { type: int32(1), value: bytesField(2) };
export const ConfigPolicyMessage = { version: uint64(1), policy: message(2, PolicyMessage), modPolicy: text(3) };
export const ConfigEnvelopeMessage = {
  config: message(1, { sequence: uint64(1), channelGroup: bytesField(2) }),
  lastUpdate: bytesField(2),
};
export const ConfigUpdateEnvelopeMessage = {
  configUpdate: bytesField(1),
  signatures: repeatedMessage(2, { signatureHeader: bytesField(1), signature: bytesField(2) }),
};
export const ConfigUpdateMessage = { channelId: text(1), readSet: bytesField(2), writeSet: bytesField(3) };

export const PrincipalMessage = { classification: int32(1), principal: bytesField(2) };
export const SignaturePolicyEnvelopeMessage = {
  version: int32(1),
  rule: bytesField(2),
  identities: repeatedMessage(3, PrincipalMessage),
};
/** Both absent means `signed_by` 0 only where field 1 is written, so the bytes are looked at as well. */
export const SignaturePolicyMessage = {
  signedBy: int32(1),
  nOutOf: message(2, { n: int32(1), rules: repeatedBytes(2) }),
};
export const ImplicitMetaPolicyMessage = { subPolicy: text(1), rule: int32(2) };
export const CombinedPrincipalMessage = { principals: repeatedMessage(1, PrincipalMessage) };
export const OrganizationUnitMessage = { mspId: text(1), unit: text(2), certifiers: bytesField(3) };
export const MspRoleMessage = { mspId: text(1), role: int32(2) };
export const ApplicationPolicyMessage = { signaturePolicy: bytesField(1), reference: text(2) };

export const MspConfigMessage = { type: int32(1), config: bytesField(2) };
const OuIdentifierMessage = { certificate: bytesField(1), unit: text(2) };
export const FabricMspConfigMessage = {
  name: text(1),
  rootCerts: repeatedBytes(2),
  intermediateCerts: repeatedBytes(3),
  admins: repeatedBytes(4),
  revocationList: repeatedBytes(5),
  units: repeatedMessage(7, OuIdentifierMessage),
  tlsRootCerts: repeatedBytes(9),
  tlsIntermediateCerts: repeatedBytes(10),
  nodeOus: message(11, {
    enable: bool(1),
    client: message(2, OuIdentifierMessage),
    peer: message(3, OuIdentifierMessage),
    admin: message(4, OuIdentifierMessage),
    orderer: message(5, OuIdentifierMessage),
  }),
};

export const CapabilitiesMessage = { capabilities: mapOfMessages(1) };
export const HashingAlgorithmMessage = { name: text(1) };
export const BlockDataHashingStructureMessage = { width: uint64(1) };

export const StateMetadataMessage = { datatype: text(1), fields: repeatedText(2) };
export const StateDataMessage = { bytes: bytesField(2) };
export const ChaincodeValidationInfoMessage = { plugin: text(1), parameter: bytesField(2) };
