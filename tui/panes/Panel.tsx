// A frame with its title in the upper border.
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';

interface PanelProps {
  title: string;
  width: number;
  height: number;
  focused?: boolean;
  children: ReactNode;
}

export function Panel({ title, width, height, focused = false, children }: PanelProps) {
  const colour = focused ? 'cyan' : 'gray';
  const shown = ` ${title} `.slice(0, Math.max(0, width - 4));
  return (
    <Box flexDirection="column" width={width} height={height}>
      <Text wrap="truncate">
        <Text color={colour}>╭</Text>
        <Text bold>{shown}</Text>
        <Text color={colour}>{`${'─'.repeat(Math.max(0, width - 2 - [...shown].length))}╮`}</Text>
      </Text>
      <Box
        borderStyle="round"
        borderTop={false}
        borderColor={colour}
        flexDirection="column"
        width={width}
        height={height - 1}
        overflow="hidden"
        paddingX={1}
      >
        {children}
      </Box>
    </Box>
  );
}
