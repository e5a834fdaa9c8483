// Leaving asks one thing: whether the platform goes on.
import { Box, Text } from 'ink';
import { useKeys } from '../model/use-keys.ts';
import { Panel } from '../panes/Panel.tsx';

interface QuitDialogProps {
  width: number;
  onDone: (choice: 'keep' | 'stop' | 'back') => void;
}

const CHOICES = [
  ['k', 'keep it running', '`daruma` comes back to it'],
  ['s', 'stop it', 'its state stays, `daruma up` resumes it'],
  ['esc', 'back', ''],
] as const;

export function QuitDialog({ width, onDone }: QuitDialogProps) {
  useKeys((input, key) => {
    if (input === 'k') onDone('keep');
    else if (input === 's') onDone('stop');
    else if (key.escape || input === 'n' || input === 'q') onDone('back');
  });
  return (
    <Panel title="Leave daruma" width={width} height={CHOICES.length + 4} focused>
      <Text>The platform works without this screen. What becomes of it?</Text>
      {CHOICES.map(([label, what, then]) => (
        <Box key={label}>
          <Text wrap="truncate-end">
            {'  '}
            <Text bold color="cyan">
              {label.padEnd(3)}
            </Text>
            {`  ${what.padEnd(16)}`}
            <Text dimColor>{then}</Text>
          </Text>
        </Box>
      ))}
    </Panel>
  );
}
