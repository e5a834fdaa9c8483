// Keys for screens that come and go: a screen has its keys from the moment it is painted, not an effect later.
import { type Key, useInput } from 'ink';
import { createContext, type RefObject, useContext, useLayoutEffect, useRef, useState } from 'react';

interface Press {
  input: string;
  key: Key;
}

type KeyHandler = (input: string, key: Key) => void;
type Handlers = RefObject<Set<{ current: KeyHandler }>>;

export const KeysContext = createContext<Handlers>({ current: new Set() });

/** Reads the terminal once for all screens below; put its result into `KeysContext`. */
export function useKeySource(): Handlers {
  const handlers: Handlers = useRef(new Set());
  const waiting = useRef<Press[]>([]);
  const [handled, setHandled] = useState(0);
  const handle = () => {
    const press = waiting.current[0];
    if (!press) return;
    for (const handler of [...handlers.current]) handler.current(press.input, press.key);
    setHandled(count => count + 1);
  };
  // The next key meets the screen that this one made: it waits until that is painted.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each handled key once
  useLayoutEffect(() => {
    if (handled === 0) return;
    const next = setImmediate(() => {
      waiting.current.shift();
      handle();
    });
    return () => clearImmediate(next);
  }, [handled]);
  useInput((input, key) => {
    const idle = waiting.current.length === 0;
    waiting.current.push(...pressesOf(input, key));
    if (idle) handle();
  });
  return handlers;
}

/** Keys that were pressed while the program was busy, or far away, come in one piece. */
function pressesOf(input: string, key: Key): Press[] {
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
