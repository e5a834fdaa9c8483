// A full screen of lines: scrolled, filtered, and with a selection where lines can be chosen.
import { Box, Text } from 'ink';
import { useState } from 'react';
import { actionOf } from '../model/key-map.ts';
import { useKeys } from '../model/use-keys.ts';
import { Panel } from '../panes/Panel.tsx';

export interface Line {
  text: string;
  colour?: string;
  /** What `onOpen` gets when this line is chosen; lines without one are not chosen. */
  id?: string;
}

interface LinesViewProps {
  title: string;
  lines: Line[];
  width: number;
  height: number;
  filter: string;
  active: boolean;
  /** Stays at the end while lines come. */
  follow?: boolean;
  onOpen?: (id: string) => void;
  onSide?: (step: 1 | -1) => void;
}

export function LinesView({ title, lines, width, height, filter, active, follow = false, onOpen, onSide }: LinesViewProps) {
  const rows = height - 2;
  const shown = filter === '' ? lines : lines.filter(line => line.text.toLowerCase().includes(filter.toLowerCase()));
  const last = Math.max(0, shown.length - rows);
  const [offset, setOffset] = useState<number | undefined>(follow ? undefined : 0);
  const [selected, setSelected] = useState(0);
  const at = Math.min(offset ?? last, last);
  const scroll = (to: number) => setOffset(to >= last && follow ? undefined : Math.max(0, Math.min(last, to)));
  const move = (step: number) => {
    if (!onOpen) return scroll(at + step);
    const next = Math.max(0, Math.min(shown.length - 1, selected + step));
    setSelected(next);
    if (next < at) setOffset(next);
    if (next >= at + rows) setOffset(next - rows + 1);
  };
  useKeys(
    (input, key) => {
      switch (actionOf(input, key, ['view', 'everywhere'])) {
        case 'up':
          return move(-1);
        case 'down':
          return move(1);
        case 'pageUp':
          return move(-rows);
        case 'pageDown':
          return move(rows);
        case 'top':
          return move(-shown.length);
        case 'bottom':
          return move(shown.length);
        default:
          break;
      }
      if (key.leftArrow) onSide?.(-1);
      if (key.rightArrow) onSide?.(1);
      const id = shown[selected]?.id;
      if (key.return && onOpen && id !== undefined) onOpen(id);
    },
    { isActive: active },
  );
  const place = shown.length > rows ? `  ${at + 1}–${Math.min(at + rows, shown.length)} of ${shown.length}` : '';
  return (
    <Panel title={`${title}${filter === '' ? '' : ` /${filter}`}${place}`} width={width} height={height} focused>
      <Box flexDirection="column">
        {shown.slice(at, at + rows).map((line, index) => (
          <Text
            key={at + index}
            wrap="truncate-end"
            {...(line.colour ? { color: line.colour } : {})}
            inverse={onOpen !== undefined && at + index === selected}
          >
            {line.text === '' ? ' ' : line.text}
          </Text>
        ))}
        {shown.length === 0 ? <Text dimColor>nothing to show</Text> : null}
      </Box>
    </Panel>
  );
}
