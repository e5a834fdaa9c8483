import { expect, it } from 'vitest';
import { PathIndex } from './path-index.ts';

it('finds the applications that read a changed file, and those not rendered yet', () => {
  const index = new PathIndex();
  index.set('dev', 'demo', ['apps/web/base', 'apps/web/overlays/dev']);
  index.set('prod', 'demo', ['apps/web/base', 'apps/web/overlays/prod']);
  index.set('all', 'demo', ['']);
  index.set('new', 'demo', undefined);
  index.set('other', 'elsewhere', ['apps/web/base']);
  expect(index.reading('demo', ['apps/web/overlays/dev/kustomization.yaml']).sort()).toEqual(['all', 'dev', 'new']);
  expect(index.reading('demo', ['apps/web/base/deployment.yaml']).sort()).toEqual(['all', 'dev', 'new', 'prod']);
  expect(index.reading('demo', ['apps/webby/x.yaml', 'README.md']).sort()).toEqual(['all', 'new']);
  index.delete('all');
  index.set('new', 'demo', ['apps/new']);
  expect(index.reading('demo', ['README.md'])).toEqual([]);
  expect(index.all('demo').sort()).toEqual(['dev', 'new', 'prod']);
});
