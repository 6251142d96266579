export * from './embedded/index.ts';
export * from './fabric/index.ts';
export * from './port.ts';
