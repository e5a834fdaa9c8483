// Keys for screens that come and go: a screen has its keys from the moment it is painted, not an effect later.
import { type Key, useInput } from 'ink';
import { createContext, type RefObject, useContext, useLayoutEffect, useRef } from 'react';

type KeyHandler = (input: string, key: Key) => void;
type Handlers = RefObject<Set<{ current: KeyHandler }>>;

export const KeysContext = createContext<Handlers>({ current: new Set() });

/** Reads the terminal once for all screens below; put its result into `KeysContext`. */
export function useKeySource(): Handlers {
  const handlers: Handlers = useRef(new Set());
  useInput((input, key) => {
    for (const handler of [...handlers.current]) handler.current(input, key);
  });
  return handlers;
}

/** Calls `handler` for each key press while active. */
export function useKeys(handler: KeyHandler, { isActive = true }: { isActive?: boolean } = {}): void {
  const handlers = useContext(KeysContext);
  const latest = useRef(handler);
  useLayoutEffect(() => {
    latest.current = handler;
  });
  useLayoutEffect(() => {
    if (!isActive) return;
    handlers.current.add(latest);
    return () => void handlers.current.delete(latest);
  }, [handlers, isActive]);
}
