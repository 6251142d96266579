import { hostname } from 'node:os';
import type { EndpointConfig } from './config.ts';

/** Every name under which clients reach a server must stand in its certificate: strict ones compare. */
export function dialledNames({ advertisedHost, advertisedEndpoints = [] }: EndpointConfig): string[] {
  return [advertisedHost ?? hostname(), ...advertisedEndpoints.map((url) => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1'))];
}
