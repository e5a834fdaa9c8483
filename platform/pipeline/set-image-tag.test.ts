import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { setImageTag } from './set-image-tag.ts';

const image = 'registry.daruma.internal/demo-app';
const overlay = `# dev follows the bot
resources:
  - ../../base

images:
  # the bot writes this line
  - name: ${image}
    newTag: bootstrap # replaced by the first run
  - {name: other, newTag: "7"}
`;

test('changes the one tag and nothing else', () => {
  const tag = '7f3c2a1b-20261130140000';
  const edited = setImageTag(overlay, image, tag);
  expect(edited).toBe(
    overlay.replace('bootstrap', parse(edited).images[0].newTag === tag ? edited.match(/newTag: (\S+)/)![1]! : '?'),
  );
  expect(parse(edited).images).toEqual([
    { name: image, newTag: tag },
    { name: 'other', newTag: '7' },
  ]);
  expect(setImageTag(edited, image, tag)).toBe(edited);
});

test.each(['1e5', '20261130', 'true', '0x1f', '1.10', '12e3-20260101000000', 'null', '1_000', 'v1.2.3'])(
  'keeps tag %s a string',
  tag => {
    const edited = setImageTag(overlay, image, tag);
    expect(parse(edited).images[0].newTag).toBe(tag);
    expect(parse(edited, { version: '1.1' }).images[0].newTag).toBe(tag);
  },
);

test('adds the image where it is missing, and takes a digest away', () => {
  expect(parse(setImageTag('resources: [../../base]\n', image, 'a1'))).toEqual({
    resources: ['../../base'],
    images: [{ name: image, newTag: 'a1' }],
  });
  expect(parse(setImageTag(`images:\n- name: ${image}\n  digest: sha256:00\n`, image, 'a1')).images).toEqual([
    { name: image, newTag: 'a1' },
  ]);
  expect(parse(setImageTag('images:\n- name: other\n  newTag: b\n', image, 'a1')).images).toHaveLength(2);
});

test('refuses what is no kustomization', () => {
  expect(() => setImageTag('- a\n', image, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  expect(() => setImageTag('images: {}\n', image, 'x')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
});
