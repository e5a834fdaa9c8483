// What happened, newest first.
import { Box, Text } from 'ink';
import type { JournalEntry } from '../../platform/api/index.ts';
import { eventText } from '../../platform/core/index.ts';
import { clockOf } from '../model/age.ts';
import { shortKind } from '../model/short.ts';

const QUIET = new Set(['gitops.status', 'pipeline.step.finished']);

export function EventsPane({ events, rows, filter }: { events: JournalEntry[]; rows: number; filter: string }) {
  const lines = events
    .filter(entry => !QUIET.has(entry.type) && !(entry.type === 'gitops.resource' && entry.data.action === 'unchanged'))
    .map(entry => ({ seq: entry.seq, time: clockOf(entry.time), text: shortKind(eventText(entry)), colour: colourOf(entry) }))
    .filter(line => line.text.toLowerCase().includes(filter.toLowerCase()))
    .slice(0, rows);
  return (
    <Box flexDirection="column">
      {lines.map(line => (
        <Text key={line.seq} wrap="truncate-end">
          <Text dimColor>{line.time}</Text> <Text color={line.colour}>{line.text}</Text>
        </Text>
      ))}
    </Box>
  );
}

function colourOf(entry: JournalEntry): string | undefined {
  if (entry.type === 'gitops.error' || (entry.type === 'gitops.sync.finished' && entry.data.outcome === 'failed')) return 'red';
  if (entry.type === 'pipeline.run.finished') return entry.data.outcome === 'success' ? 'green' : 'red';
  if (entry.type.startsWith('gitops.drift')) return 'magenta';
  return undefined;
}
