import { LogLevel, setLogLevel } from 'node-opcua';

/**
 * Silences node-opcua's own log, which dumps certificates, requests and with them raw values to standard output, beside
 * what the program has to say there. What goes wrong reaches the module as errors and states. Servers and clients call
 * this before they start; calling it again does no harm.
 */
export function silenceStackLog(): void {
  setLogLevel(LogLevel.Critic);
}
