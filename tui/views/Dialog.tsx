// A question in the middle of the screen: what would happen, and what must be typed or pressed to let it.
import { Box, Text } from 'ink';
import { useRef, useState } from 'react';
import { useKeys } from '../model/use-keys.ts';
import { Panel } from '../panes/Panel.tsx';
import type { Line } from './LinesView.tsx';

interface DialogProps {
  title: string;
  lines: Line[];
  /** This must be typed; none: `y` or enter is enough. */
  typed?: string;
  width: number;
  height: number;
  /** Shown instead of the question when the action is not open to this user. */
  refused?: string;
  onDone: (confirmed: boolean) => void;
}

export function Dialog({ title, lines, typed, width, height, refused, onDone }: DialogProps) {
  const [text, setText] = useState('');
  // Keys may come faster than frames: what was typed is kept outside them.
  const given = useRef('');
  const change = (next: string) => {
    given.current = next;
    setText(next);
  };
  useKeys((input, key) => {
    if (key.escape) return onDone(false);
    if (refused) return key.return ? onDone(false) : undefined;
    if (!typed) {
      if (input === 'y' || key.return) onDone(true);
      if (input === 'n' || input === 'q') onDone(false);
      return;
    }
    if (key.return) return given.current === typed ? onDone(true) : undefined;
    if (key.backspace || key.delete) change(given.current.slice(0, -1));
    else if (!key.ctrl && !key.meta) change((given.current + input).slice(0, 60));
  });
  const room = Math.max(1, height - 6);
  const shown = Math.min(lines.length, room) + (lines.length > room ? 1 : 0);
  return (
    <Box height={height}>
      <Panel title={title} width={width} height={Math.min(height, shown + 4)} focused>
        <Box flexDirection="column" height={shown + 1}>
          {lines.slice(0, room).map((line, index) => (
            <Text key={index} wrap="truncate-end" {...(line.colour ? { color: line.colour } : {})}>
              {line.text === '' ? ' ' : line.text}
            </Text>
          ))}
          {lines.length > room ? <Text dimColor>… {lines.length - room} more lines: esc, then d shows them all</Text> : null}
        </Box>
        {refused ? <Text color="red">{refused} · enter goes back</Text> : null}
        {!refused && typed ? (
          <Text>
            type "<Text bold>{typed}</Text>" and enter to go on: <Text color="cyan">{text}</Text>▌{' '}
            <Text dimColor>esc goes back</Text>
          </Text>
        ) : null}
        {!refused && !typed ? (
          <Text>
            <Text bold color="cyan">
              y
            </Text>{' '}
            go on{'   '}
            <Text bold color="cyan">
              esc
            </Text>{' '}
            go back
          </Text>
        ) : null}
      </Panel>
    </Box>
  );
}
