// The door of images: a builder without a daemon, base images, and a client of any OCI registry.
export { assembledBase, hostNodeBase } from './base-images.ts';
export { buildImage } from './build-image.ts';
export { type CopyStep, type ImagePlan, imagePlanFromDockerfile } from './dockerfile-plan.ts';
export { imageLabels, imageTag } from './image-names.ts';
export { filesForPlan } from './plan-files.ts';
export { type PulledManifest, RegistryClient, type RegistryClientOptions } from './registry-client.ts';
export type {
  BaseImage,
  BuildImageOptions,
  BuiltImage,
  Descriptor,
  ImageConfig,
  ImageFile,
  ImageManifest,
  LayerContent,
} from './types.ts';
