// The environments side by side with the daruma's eyes: one line each, and one more for what is not as it should be.
import { Box, Text } from 'ink';
import type { ApplicationView } from '../../platform/api/index.ts';
import { ageOf } from '../model/age.ts';
import { shortKind, shortValue } from '../model/short.ts';
import { eyesOf, type SignSet } from '../model/signs.ts';

interface EnvironmentsPaneProps {
  applications: ApplicationView[];
  selected: string | undefined;
  width: number;
  now: number;
  signs: SignSet;
}

export function EnvironmentsPane({ applications, selected, width, now, signs }: EnvironmentsPaneProps) {
  if (applications.length === 0) return <Text dimColor>no application yet: clusters/local in demo-gitops names them</Text>;
  const rows = applications.map(app => cellsOf(app, now));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
  return (
    <Box flexDirection="column">
      {applications.map((app, index) => {
        const eyes = eyesOf(app, signs);
        const cells = (rows[index] ?? []).map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
        const note = notesOf(app, signs);
        const room = Math.max(0, width - 5);
        return (
          <Box key={app.name} flexDirection="column">
            <Text wrap="truncate-end" inverse={app.name === selected}>
              <Text color={eyes.colour}>{eyes.glyph}</Text>
              {` ${cells.slice(0, room).padEnd(room)}`}
            </Text>
            {note === '' ? null : <Text wrap="truncate-end" color={eyes.colour}>{`     ${note}`}</Text>}
          </Box>
        );
      })}
    </Box>
  );
}

function cellsOf(app: ApplicationView, now: number): string[] {
  return [
    app.environment || app.name,
    app.sync,
    app.health,
    app.replicas.wanted > 0 ? `${app.replicas.ready}/${app.replicas.wanted}` : '',
    (app.revision || '-').slice(0, 7),
    app.behind > 0 ? `${app.behind} behind` : app.syncedAt ? ageOf(app.syncedAt, now) : '',
  ];
}

/** Why an application is not as it should be, in one line; empty when there is nothing to say. */
export function notesOf(app: ApplicationView, signs: SignSet): string {
  const drift = app.drift.find(one => one.healedAt === undefined);
  switch (eyesOf(app, signs).word) {
    case 'Drifted': {
      if (!drift) return '';
      const [change] = drift.changes;
      const what = change ? `${change.path} ${shortValue(change.desired)} → ${shortValue(change.live)}` : drift.kind;
      const who = [drift.by?.manager, drift.by?.user].find(Boolean);
      return `${shortKind(drift.resource)} ${what}${who ? ` by ${who}` : ''}`;
    }
    case 'Degraded':
    case 'Progressing':
      return app.message;
    default:
      return app.conditions[0]?.message ?? (app.operation?.phase === 'Failed' ? app.operation.message : '');
  }
}

/** All environments on one line, for small terminals. */
export function EnvironmentsLine({ applications, signs }: { applications: ApplicationView[]; signs: SignSet }) {
  return (
    <Text wrap="truncate-end">
      {' '}
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
