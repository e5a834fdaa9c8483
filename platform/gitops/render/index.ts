// The renderer's door.
import { Renderer, type RendererOptions } from './renderer.ts';

export { within } from './file-set.ts';
export type { Rendered, RendererOptions } from './renderer.ts';
export { Renderer };

/** A renderer whose engine is being loaded on its own thread while the caller starts other things; pass it to `startGitops` and dispose it after. */
export function warmUpRenderer(options: RendererOptions): Renderer {
  const renderer = new Renderer(options);
  // A failure shows at the first render, where it can be told.
  renderer.warmUp().catch(() => {});
  return renderer;
}
