// What the appliance's thread and the render worker say to each other.
import type { KubeObject } from '../../kube/index.ts';

export interface EngineRequest {
  /** Text files by absolute path. */
  files: Record<string, string>;
  /** Files that are no UTF-8 text, as base64. */
  binary?: Record<string, string>;
  /** Absolute paths of the directories to render. */
  dirs: string[];
}

export interface EngineResult {
  objects?: KubeObject[];
  error?: string;
  /** What is never done here: a remote base, an exec function, a chart. */
  refused?: string;
}

export interface WorkerData {
  enginePath: string;
  cacheDir: string;
}

export interface WorkerRequest {
  id: number;
  request: EngineRequest;
}

export type WorkerAnswer = { id: number; results: EngineResult[] } | { id: number; failure: string };
