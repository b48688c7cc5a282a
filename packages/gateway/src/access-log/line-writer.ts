/** Writes text to an open file in the order in which it comes, and never makes its caller wait. It owns the file. */
export type LineWriter = {
  /** Takes text in ASCII. What cannot be written now is kept and tried again. */
  write(text: string): void;
  /** Closes when everything is written. Nothing is taken after this. */
  end(): void;
  /** Closes without what is not written by then. */
  giveUp(): void;
};

export type WriterEvents = {
  readonly onWritten: (bytes: number) => void;
  /** Writing fails. It is tried again with the next text. */
  readonly onFailed: (error: Error) => void;
  readonly onClosed: () => void;
};
