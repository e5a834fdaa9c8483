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
    for (const press of pressesOf(input, key))
      for (const handler of [...handlers.current]) handler.current(press.input, press.key);
  });
  return handlers;
}

/** Keys that were pressed while the program was busy, or far away, come in one piece. */
function pressesOf(input: string, key: Key): { input: string; key: Key }[] {
  if ([...input].length < 2 || key.ctrl || key.meta) return [{ input, key }];
  return [...input].map(character => ({
    input: character === '\r' || character === '\t' ? '' : character,
    key: { ...key, return: character === '\r', tab: character === '\t' },
  }));
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
