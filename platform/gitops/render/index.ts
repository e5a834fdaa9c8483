// The renderer's door.
export { within } from './file-set.ts';
export { type Rendered, Renderer, type RendererOptions } from './renderer.ts';
