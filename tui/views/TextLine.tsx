// One line of input at the foot of the screen: for `:` commands and `/` filters.
import { Text } from 'ink';
import { useRef, useState } from 'react';
import { useKeys } from '../model/use-keys.ts';

interface TextLineProps {
  prompt: string;
  initial?: string;
  onChange?: (text: string) => void;
  onDone: (text: string | undefined) => void;
}

export function TextLine({ prompt, initial = '', onChange, onDone }: TextLineProps) {
  const [text, setText] = useState(initial);
  // Keys may come faster than frames: what was typed is kept outside them.
  const typed = useRef(initial);
  const change = (next: string) => {
    typed.current = next;
    setText(next);
    onChange?.(next);
  };
  useKeys((input, key) => {
    if (key.escape) return onDone(undefined);
    if (key.return) return onDone(typed.current);
    if (key.backspace || key.delete) return change(typed.current.slice(0, -1));
    if (!key.ctrl && !key.meta && input >= ' ') change((typed.current + input).slice(0, 200));
  });
  return (
    <Text wrap="truncate-start">
      <Text color="cyan">{prompt}</Text>
      {text}▌
    </Text>
  );
}
