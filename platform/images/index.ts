// The door of images: a builder without a daemon, base images, and a client of any OCI registry.
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
