// `daruma protect`: who may push to a branch, decided on demand.
import { DarumaError } from '../../platform/core/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { mark, print, printJson } from './output.ts';

interface ProtectOptions extends GlobalOptions {
  off?: boolean;
  roles?: string;
  output?: string;
}

export async function run(options: ProtectOptions, repository?: string | string[], branch?: string | string[]): Promise<void> {
  if (options.off && options.roles !== undefined)
    throw new DarumaError('USAGE', '--off takes the protection away, so it goes without --roles', {
      hint: `daruma protect ${String(repository)} --off`,
    });
  const { api } = await connect(options);
  const [name, wanted] = [String(repository), typeof branch === 'string' ? branch : 'main'];
  const roles = (options.roles ?? 'lead')
    .split(',')
    .map(role => role.trim())
    .filter(role => role !== '');
  const protections = options.off ? await api.unprotect(name, wanted) : await api.protect(name, wanted, { roles });
  if (options.output === 'json') return printJson(protections);
  print(
    options.off
      ? `${mark.done()} ${wanted} of ${name} is no longer protected`
      : `${mark.done()} ${wanted} of ${name} is protected: ${roles.join(' or ') || 'nobody'} may push, nobody may delete it or replace its history`,
  );
}
