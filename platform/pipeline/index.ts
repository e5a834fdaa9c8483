// The pipeline's door: a push in, tests and an image out, one bot commit in the GitOps repository at the end.
export type {
  BuildRequest,
  BuildResult,
  BumpRequest,
  CommitStatus,
  Pipeline,
  PipelineActions,
  PipelineOptions,
  PushEvent,
  SourceRepositories,
} from './contract.ts';
export { createPipeline } from './pipeline.ts';
export { setImageTag } from './set-image-tag.ts';
