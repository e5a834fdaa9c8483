// Finds the workflows of a checked-out tree and says which of them a push starts.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DarumaError } from '../core/index.ts';
import { isTriggered, parseWorkflow, type Workflow } from './workflow/index.ts';

export const WORKFLOW_FOLDER = '.github/workflows';

export type WorkflowFile = { file: string; workflow: Workflow } | { file: string; error: DarumaError };

/** One entry for each file that the push starts or that cannot be read; by name. */
export async function triggeredWorkflows(source: string, ref: string): Promise<WorkflowFile[]> {
  const names = await readdir(join(source, WORKFLOW_FOLDER)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  const files = names.filter(name => /\.ya?ml$/.test(name)).sort();
  const read = await Promise.all(files.map(name => readWorkflow(source, `${WORKFLOW_FOLDER}/${name}`)));
  return read.filter(entry => 'error' in entry || isTriggered(entry.workflow.push, ref));
}

export async function readWorkflow(source: string, file: string): Promise<WorkflowFile> {
  try {
    return { file, workflow: parseWorkflow(file, await readFile(join(source, file), 'utf8')) };
  } catch (error) {
    if (error instanceof DarumaError) return { file, error };
    throw error;
  }
}
