import { text } from 'node:stream/consumers';
import { Command } from 'commander';

export function passwordCommand(): Command {
  return new Command('password')
    .description('read a password from standard input and print its Argon2id hash for a configuration')
    .action(async () => {
      if (process.stdin.isTTY) process.stderr.write('Type the password, then Enter and Ctrl-D (it is shown as you type):\n');
      const { hashPassword, RejectedError } = await import('../app/index.ts');
      const password = (await text(process.stdin)).replace(/\r?\n$/, '');
      if (password.length < 8) throw new RejectedError('BAD_CONFIG', 'The password is shorter than 8 characters. Take a longer one.');
      process.stdout.write(`${await hashPassword(password)}\n`);
    });
}
