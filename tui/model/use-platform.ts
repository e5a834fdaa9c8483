// The hooks by which screens read the stores and the terminal.
import { useStdout } from 'ink';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { PlatformModel, PlatformState } from './platform-model.ts';
import type { ScenarioPort, ScenarioView } from './scenario-port.ts';

export function usePlatform(model: PlatformModel): PlatformState {
  return useSyncExternalStore(model.subscribe, model.snapshot);
}

export function useScenario(port: ScenarioPort | undefined): ScenarioView | undefined {
  return useSyncExternalStore(
    listener => port?.subscribe(listener) ?? (() => {}),
    () => port?.view(),
  );
}

/** Columns and rows of the terminal; one row is left free, since a frame as tall as the terminal wipes the scrollback. */
export function useScreenSize(): { columns: number; rows: number } {
  const { stdout } = useStdout();
  const read = () => ({ columns: stdout.columns || 80, rows: (stdout.rows || 24) - 1 });
  const [size, setSize] = useState(read);
  useEffect(() => {
    const update = () => setSize(read());
    stdout.on('resize', update);
    return () => void stdout.off('resize', update);
  });
  return size;
}

/** The time, each second; it stands still when motion is not wanted. */
export function useNow(moving: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!moving) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [moving]);
  return moving ? now : Date.now();
}
