type NoterParts = {
  /** What a time is kept to. */
  readonly everyMs: number;
  readonly now: () => number;
  readonly write: (id: string, at: number) => Promise<void>;
};

/**
 * Notes when something was last used, coarsely: in each span it costs one write, however many requests come with it. Nothing waits for that, and one that
 * fails loses no more than a time.
 */
export function useNoter({ everyMs, now, write }: NoterParts): (id: string, lastUsedAt: number | undefined) => void {
  let noting = { span: 0, ids: new Set<string>() };
  return (id, lastUsedAt = 0) => {
    const span = now() - (now() % everyMs);
    if (noting.span !== span) noting = { span, ids: new Set() };
    const { ids } = noting;
    if (lastUsedAt >= span || ids.has(id)) return;
    ids.add(id);
    void write(id, span).catch(() => ids.delete(id));
  };
}
