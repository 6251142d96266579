import { type BadInput, MARKER, refusesAll } from './bad-input.ts';

const OWNER = 'owner/dcmb.json';
const MANUFACTURER = 'manufacturer/dcmb.json';

const HASH = /"\$argon2[^"]+"/;

const CONFIGURATIONS: readonly BadInput[] = [
  {
    wrong: 'a file that is not there',
    run: (plant) => ['serve', plant.at('owner/nope.json')],
    says: ['owner/nope.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'a folder in place of a file',
    run: (plant) => ['serve', plant.at('owner')],
    says: ['/owner ', "can't be read (EISDIR)", 'Check the path'],
  },
  {
    wrong: 'a file that is not JSON',
    run: (plant) => ['serve', plant.replace(OWNER, '"organisation": "owner"', '"organisation" "owner"')],
    says: ['owner/dcmb.json, line 6', 'not JSON', 'Mend the syntax there'],
  },
  {
    wrong: 'an empty file',
    run: (plant) => ['receive', plant.write(MANUFACTURER, '')],
    says: ['manufacturer/dcmb.json is empty', 'Write a JSON object'],
  },
  {
    wrong: 'a file of another kind',
    run: (plant) => ['serve', plant.at('owner/policy.json')],
    says: ['owner/policy.json, line 6: the key "role" is missing', 'dcmb serve'],
  },
  {
    wrong: 'an unknown key',
    run: (plant) => ['serve', plant.replace(OWNER, '"serialNumber"', `"serial": "${MARKER}", "serialNumber"`)],
    says: ['owner/dcmb.json, line 9, at "machine/serial"', 'unknown key', 'Remove it or correct its spelling'],
  },
  {
    wrong: 'a missing key',
    run: (plant) => ['serve', plant.replace(OWNER, '"policyNonce": "keys/policy.nonce",', '')],
    says: ['owner/dcmb.json, line 44, at "channels/0"', 'the key "policyNonce" is missing', 'Add it: '],
  },
  {
    wrong: 'a key that stands twice',
    run: (plant) => ['serve', plant.replace(OWNER, '"pki": "pki"', '"pki": "pki", "pki": "pki"')],
    says: ['owner/dcmb.json, line 18', '"pki" stands twice', 'Remove one'],
  },
  {
    wrong: 'a value of the wrong type',
    run: (plant) => ['serve', plant.replace(OWNER, /"port": \d+/, '"port": "48400"')],
    says: ['owner/dcmb.json, line 22, at "ingest/port"', 'must be integer', 'Expected: '],
  },
  {
    wrong: 'a value out of range',
    run: (plant) => ['serve', plant.replace(OWNER, /"port": \d+/, '"port": 70000')],
    says: ['at "ingest/port"', '65535', 'Expected: '],
  },
  {
    wrong: "the manufacturer's file for the owner's module",
    run: (plant) => ['serve', plant.at(MANUFACTURER)],
    says: ['manufacturer/dcmb.json, line 5, at "role"', 'dcmb receive'],
  },
  {
    wrong: "the owner's file for the manufacturer's module",
    run: (plant) => ['receive', plant.at(OWNER)],
    says: ['owner/dcmb.json, line 5, at "role"', 'dcmb serve'],
  },
  {
    wrong: 'a role that does not exist',
    run: (plant) => ['trust', 'list', plant.replace(OWNER, '"role": "owner"', '"role": "auditor"')],
    says: ['owner/dcmb.json, line 5, at "role"', 'owner', 'manufacturer'],
  },
  {
    wrong: 'a user that stands twice',
    run: (plant) => ['serve', plant.replace(OWNER, /"name": "operator"/, '"name": "plc"')],
    says: ['owner/dcmb.json, line', 'at "users/2"', 'stands twice', 'Keep one'],
  },
  {
    wrong: 'a user without password hash or thumbprint',
    run: (plant) => ['serve', plant.replace(OWNER, new RegExp(`,\\s*"passwordHash": ${HASH.source}`), '')],
    says: ['owner/dcmb.json, line', 'at "users/1"', 'password hash'],
  },
  {
    wrong: 'a password in place of its hash',
    run: (plant) => ['serve', plant.replace(OWNER, HASH, `"${MARKER}"`)],
    says: ['owner/dcmb.json, line', 'at "users/1/passwordHash"', 'dcmb password'],
  },
  {
    wrong: 'a password hash that was cut off',
    run: (plant) => ['serve', plant.replace(OWNER, /(\$argon2id\$[^"]+)\$[^"$]+"/, '$1"')],
    says: ['owner/dcmb.json, line', 'at "users/1/passwordHash"', 'dcmb password'],
  },
  {
    wrong: 'a thumbprint that is none',
    run: (plant) => ['serve', plant.replace(OWNER, /"thumbprint": "[0-9a-f]+"/, `"thumbprint": "${MARKER}"`)],
    says: ['at "users/0/thumbprint"', '64', 'SHA-256'],
  },
  {
    wrong: 'an action for a stream that the agreement does not have',
    run: (plant) => [
      'receive',
      plant.replace(
        MANUFACTURER,
        '"actions": []',
        '"actions": [{ "name": "call", "stream": "Nope", "codes": [1], "webhook": { "url": "http://127.0.0.1/" } }]',
      ),
    ],
    says: ['Action "call" of channel "press"', 'manufacturer/agreement.json', 'no stream "Nope"', 'Take one of Maintenance'],
  },
  {
    wrong: 'an action for a code that the stream does not have',
    run: (plant) => [
      'receive',
      plant.replace(
        MANUFACTURER,
        '"actions": []',
        '"actions": [{ "name": "call", "stream": "Maintenance", "codes": [99], "webhook": { "url": "http://127.0.0.1/" } }]',
      ),
    ],
    says: ['Action "call" of channel "press"', 'manufacturer/agreement.json', 'no condition 99', 'Take one of'],
  },
  {
    wrong: 'an endpoint that is no URL',
    run: (plant) => ['receive', plant.replace(MANUFACTURER, 'opc.tcp://localhost', 'localhost')],
    says: ['manufacturer/dcmb.json, line', 'at "channels/0/sender/endpointUrl"', 'opc.tcp://'],
  },
  {
    wrong: 'metrics for everybody',
    run: (plant) => ['serve', plant.replace(OWNER, '"pki": "pki"', '"monitoring": { "port": 0, "host": "0.0.0.0" }, "pki": "pki"')],
    says: ['at "monitoring/host"', '127.0.0.1', 'Expected: '],
  },
  {
    wrong: 'alarms in the wrong order',
    run: (plant) => [
      'serve',
      plant.replace(OWNER, '"policy": "policy.json"', '"alarms": { "ledgerLagMs": { "high": 2, "highHigh": 2 } }, "policy": "policy.json"'),
    ],
    says: ['at "channels/0/alarms/ledgerLagMs"', 'high is not below highHigh', 'Give the first alarm the lower limit'],
  },
  {
    wrong: 'a durability for a tag that the mapping policy does not have',
    run: (plant) => ['serve', plant.replace(OWNER, '"ingest": {', '"ingest": { "tags": { "Nope": { "durability": "write" } },')],
    says: ['"ingest.tags"', 'names the tag "Nope"', 'owner/policy.json does not have', 'Correct its spelling'],
  },
  {
    wrong: 'a node for a tag that the mapping policy does not have',
    run: (plant) => [
      'serve',
      plant.replace(
        OWNER,
        '"ingest": {',
        '"ingest": { "plc": { "endpointUrl": "opc.tcp://localhost:4840", "nodes": { "Nope": "ns=1;s=n" } },',
      ),
    ],
    says: ['"ingest.plc.nodes"', 'names the tag "Nope"', 'Correct its spelling'],
  },
  {
    wrong: 'a log that can not be written',
    run: (plant) => ['serve', plant.replace(OWNER, '"pki": "pki"', '"log": { "file": "nowhere/owner.log" }, "pki": "pki"')],
    says: ['owner/nowhere/owner.log', "can't be written (ENOENT)", 'Check the path'],
  },
];

const POLICIES: readonly BadInput[] = [
  {
    wrong: 'a mapping policy that is not there',
    run: (plant) => ['serve', plant.replace(OWNER, '"policy.json"', '"nope.json"')],
    says: ['owner/nope.json', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'a mapping policy that is not JSON',
    run: (plant) => (plant.write('owner/policy.json', `{ "id": ${MARKER} }`), ['serve', plant.at(OWNER)]),
    says: ['owner/policy.json, line 1', 'not JSON', 'Mend the syntax there'],
  },
  {
    wrong: 'a mapping policy that was changed after the agreement',
    run: (plant) => (plant.write('owner/policy.json', `${plant.read('owner/policy.json')}\n`), ['serve', plant.at(OWNER)]),
    says: ['owner/policy.json is not the mapping policy that was agreed on', 'Restore it, or make a new agreement'],
  },
  {
    wrong: 'a nonce that is not there',
    run: (plant) => ['serve', plant.replace(OWNER, 'keys/policy.nonce', 'keys/nope.nonce')],
    says: ['owner/keys/nope.nonce', "can't be read (ENOENT)", 'Check the path'],
  },
  {
    wrong: 'a nonce that is none',
    run: (plant) => (plant.write('owner/keys/policy.nonce', `${MARKER}!\n`), ['serve', plant.at(OWNER)]),
    says: ['owner/keys/policy.nonce', '43', 'backup'],
  },
];

refusesAll('A configuration', CONFIGURATIONS);
refusesAll('A mapping policy', POLICIES);
