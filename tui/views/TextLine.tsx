// One line of input at the foot of the screen: for `:` commands and `/` filters.
import { Text, useInput } from 'ink';
import { useState } from 'react';

interface TextLineProps {
  prompt: string;
  initial?: string;
  onChange?: (text: string) => void;
  onDone: (text: string | undefined) => void;
}

export function TextLine({ prompt, initial = '', onChange, onDone }: TextLineProps) {
  const [text, setText] = useState(initial);
  const change = (next: string) => {
    setText(next);
    onChange?.(next);
  };
  useInput((input, key) => {
    if (key.escape) return onDone(undefined);
    if (key.return) return onDone(text);
    if (key.backspace || key.delete) return change(text.slice(0, -1));
    if (!key.ctrl && !key.meta && input >= ' ') change((text + input).slice(0, 200));
  });
  return (
    <Text wrap="truncate-start">
      <Text color="cyan">{prompt}</Text>
      {text}▌
    </Text>
  );
}
