// The environments side by side with the daruma's eyes: one line each.
import { Box, Text } from 'ink';
import type { ApplicationView } from '../../platform/api/index.ts';
import { ageOf } from '../model/age.ts';
import { eyesOf, type SignSet } from '../model/signs.ts';

interface EnvironmentsPaneProps {
  applications: ApplicationView[];
  selected: string | undefined;
  width: number;
  now: number;
  signs: SignSet;
}

export function EnvironmentsPane({ applications, selected, width, now, signs }: EnvironmentsPaneProps) {
  if (applications.length === 0) return <Text dimColor>no application yet</Text>;
  return (
    <Box flexDirection="column">
      {applications.map(app => (
        <EnvironmentLine key={app.name} app={app} selected={app.name === selected} width={width} now={now} signs={signs} />
      ))}
    </Box>
  );
}

function EnvironmentLine({
  app,
  selected,
  width,
  now,
  signs,
}: {
  app: ApplicationView;
  selected: boolean;
  width: number;
  now: number;
  signs: SignSet;
}) {
  const eyes = eyesOf(app, signs);
  const replicas = app.replicas.wanted > 0 ? `${app.replicas.ready}/${app.replicas.wanted}` : '';
  const end = app.behind > 0 ? `${app.behind} behind` : app.syncedAt ? ageOf(app.syncedAt, now) : '';
  const fixed = `${(app.environment || app.name).padEnd(8)} ${app.sync.padEnd(9)} ${app.health.padEnd(11)} ${replicas.padEnd(4)} ${(app.revision || '-').slice(0, 7).padEnd(7)} ${end}`;
  const message =
    app.operation?.phase === 'Failed' || eyes.word === 'Progressing' || eyes.word === 'Degraded' ? ` ${app.message}` : '';
  return (
    <Text wrap="truncate-end" inverse={selected}>
      <Text color={eyes.colour}>{eyes.glyph}</Text>
      {` ${(fixed + message).slice(0, Math.max(0, width - 6)).padEnd(Math.max(0, width - 6))}`}
    </Text>
  );
}

/** All environments on one line, for small terminals. */
export function EnvironmentsLine({ applications, signs }: { applications: ApplicationView[]; signs: SignSet }) {
  return (
    <Text wrap="truncate-end">
      {applications
        .filter(app => app.environment !== '')
        .map(app => {
          const eyes = eyesOf(app, signs);
          return (
            <Text key={app.name}>
              <Text color={eyes.colour}>{eyes.glyph}</Text>
              {` ${app.environment} ${app.replicas.ready}/${app.replicas.wanted} ${app.revision.slice(0, 7)}   `}
            </Text>
          );
        })}
    </Text>
  );
}
