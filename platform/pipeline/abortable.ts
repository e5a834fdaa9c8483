// Waits for something that goes on by itself, no longer than a signal allows.

/** Resolves with the task; rejects with the signal's reason when it aborts first. The task is not stopped. */
export async function abortable(task: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return task;
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await Promise.race([task, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
