import { describe, expect, it } from 'vitest';
import { filesForPlan, imagePlanFromDockerfile } from './index.ts';

const tree = new Map(
  Object.entries({
    'package.json': '{}',
    'src/main.js': 'main',
    'src/lib/a.js': 'a',
    'test/main.test.js': 'test',
    'README.md': 'read',
    '.dockerignore': '# not these\ntest\n*.md\n!README.md\n',
    'docs/guide.md': 'guide',
  }).map(([path, text]) => [path, Buffer.from(text)]),
);

function paths(dockerfile: string): string[] {
  return [...filesForPlan(imagePlanFromDockerfile(dockerfile), tree).keys()].sort();
}

describe('imagePlanFromDockerfile', () => {
  it('reads what can be built without running anything', () => {
    const plan = imagePlanFromDockerfile(
      [
        '# syntax=docker/dockerfile:1',
        'FROM node:22-slim AS final',
        'WORKDIR /app',
        'ENV NODE_ENV=production \\',
        '    # between',
        '    GREETING="hello \\"you\\"" SINGLE=\'a b\'',
        'ENV OLD style value',
        'COPY package.json ./',
        'COPY ["src", "src/"]',
        'WORKDIR inner',
        'EXPOSE 8080 9090/udp',
        'USER 1000:1000',
        'LABEL team=web',
        'entrypoint ["node"]',
        'CMD ["src/main.js"]',
      ].join('\n'),
    );
    expect(plan).toEqual({
      from: 'node:22-slim',
      copies: [
        { line: 8, sources: ['package.json'], target: '/app/' },
        { line: 9, sources: ['src'], target: '/app/src/' },
      ],
      labels: { team: 'web' },
      config: {
        workdir: '/app/inner',
        env: { NODE_ENV: 'production', GREETING: 'hello "you"', SINGLE: 'a b', OLD: 'style value' },
        exposedPorts: ['8080', '9090/udp'],
        user: '1000:1000',
        entrypoint: ['node'],
        cmd: ['src/main.js'],
      },
    });
  });

  it.each([
    ['FROM a\nRUN npm ci', 'UNSUPPORTED_FIELD', 'line 2: RUN is not supported'],
    ['FROM a\nCMD node x.js', 'UNSUPPORTED_FIELD', 'line 2: CMD is not supported: there is no shell'],
    ['FROM a\n\nCOPY --chown=1 a b', 'UNSUPPORTED_FIELD', 'line 3: COPY is not supported: the flag --chown'],
    ['FROM a\nFROM b', 'UNSUPPORTED_FIELD', 'only one stage'],
    ['FROM a\nENV A=$B', 'UNSUPPORTED_FIELD', 'variables are not replaced'],
    ['FROM a\nHEALTHCHECK CMD x', 'UNSUPPORTED_FIELD', 'line 2: HEALTHCHECK'],
    ['FROM a\nCOPY ../x .', 'INVALID_INPUT', 'outside the repository'],
    ['FROM a\nCOPY x', 'INVALID_INPUT', 'needs a source and a target'],
    ['FROM a\nEXPOSE http', 'INVALID_INPUT', '"http" is not a port'],
    ['FROM a\nCMD ["x"', 'INVALID_INPUT', 'JSON list'],
    ['COPY a b', 'INVALID_INPUT', 'FROM must come first'],
    ['FROM a\n???', 'INVALID_INPUT', 'line 2'],
    ['', 'INVALID_INPUT', 'no FROM'],
  ])('refuses %j with %s', (text, code, message) => {
    expect(() => imagePlanFromDockerfile(text)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

describe('filesForPlan', () => {
  it.each([
    ['FROM a\nWORKDIR /app\nCOPY package.json ./\nCOPY src ./src', ['app/package.json', 'app/src/lib/a.js', 'app/src/main.js']],
    ['FROM a\nCOPY src /', ['lib/a.js', 'main.js']],
    ['FROM a\nCOPY package.json /etc/app.json', ['etc/app.json']],
    ['FROM a\nCOPY *.json src/*.js /x/', ['x/main.js', 'x/package.json']],
    [
      'FROM a\nWORKDIR /w\nCOPY . .',
      ['w/.dockerignore', 'w/README.md', 'w/docs/guide.md', 'w/package.json', 'w/src/lib/a.js', 'w/src/main.js'],
    ],
  ])('copies as %j says', (dockerfile, expected) => {
    expect(paths(dockerfile)).toEqual(expected);
  });

  it('names the line of a source that is not there, or left out', () => {
    expect(() => paths('FROM a\nCOPY nothing /')).toThrow('line 2: there is no "nothing"');
    expect(() => paths('FROM a\nCOPY test /')).toThrow('line 2: there is no "test"');
  });
});
