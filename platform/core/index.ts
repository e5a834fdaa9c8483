export { assetPath, packageVersion } from './assets.ts';
export { type Clock, systemClock } from './clock.ts';
export { type ErrorCode, errorCatalogue } from './error-catalogue.ts';
export { DarumaError, messageOf } from './errors.ts';
export { eventText } from './event-text.ts';
export type { Attribution, EventPayloads, EventSink, EventType, FieldChange, JournalEntry, ResourceOutcome } from './events.ts';
export { readFileIfExists, writeFileAtomic } from './files.ts';
export { type HomePaths, homePaths } from './home.ts';
export { Journal } from './journal.ts';
export { createLogger, type Logger, type LogLevel, silentLogger } from './logger.ts';
export type {
  ApplicationView,
  DriftView,
  HealthState,
  HistoryView,
  ObjectDiffView,
  ResourceView,
  RunView,
  SyncState,
} from './views.ts';
