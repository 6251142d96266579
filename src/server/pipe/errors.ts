/** Codes of errors that a message pipe raises. */
export type PipeErrorCode =
  /** The other end is gone, or broke the rules of the pipe. */
  | 'PIPE_CLOSED'
  /** No answer in time. */
  | 'PIPE_TIMEOUT'
  /** Too many requests wait for an answer. */
  | 'PIPE_BUSY'
  | 'PIPE_MESSAGE_TOO_LONG'
  | 'BAD_PIPE_MESSAGE'
  /** The other end refused the request. */
  | 'PEER_REFUSED'
  /** The other end could not do it now. */
  | 'PEER_UNAVAILABLE';
