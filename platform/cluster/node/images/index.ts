export { type ImageReference, parseImageReference } from './image-reference.ts';
export { ImageStore, type LocalImage } from './image-store.ts';
export { type RegistryAccess, RegistryClient } from './registry-client.ts';
