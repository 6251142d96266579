import { dirname, resolve } from 'node:path';
import { RejectedError, utf8 } from '../core/index.ts';
import { loadComputeModule } from '../platform/index.ts';
import { compilePolicy, type ComputeModule, computeModulesOf, type MappingPolicy, readPolicyFile } from '../policy/index.ts';
import { readText } from './config.ts';

export interface LoadedPolicy {
  readonly policy: MappingPolicy;
  /** The file as it is: the commitment is over these bytes. */
  readonly text: string;
  /** Paths of the compute modules, relative to the policy's file. */
  readonly modules: readonly string[];
}

/** Reads and compiles a mapping policy with its compute modules. @throws RejectedError in one sentence with file and remedy */
export async function loadPolicy(path: string): Promise<LoadedPolicy> {
  const text = readText(path);
  const file = readPolicyFile(path, text);
  const named = computeModulesOf(file);
  const modules = new Map<string, ComputeModule>();
  for (const { file: module, sha256 } of named) modules.set(sha256, loadModule(resolve(dirname(path), module), sha256));
  return { policy: compilePolicy(file, modules), text, modules: named.map((module) => module.file) };
}

function loadModule(path: string, sha256: string): ComputeModule {
  const source = utf8(readText(path));
  try {
    return loadComputeModule(source, sha256);
  } catch (cause) {
    if (!(cause instanceof RejectedError)) throw cause;
    throw new RejectedError(cause.code, `${path}: ${cause.message}`, { cause });
  }
}
