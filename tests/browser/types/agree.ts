// SPDX-License-Identifier: Apache-2.0
// pith.d.ts says what pith.js has; and a page's use of it has types.
import * as js from '../../../host/web/js/pith.js';
import type * as face from '../../../host/web/pith';

export const boot: typeof face.boot = js.boot;
export const error: typeof face.BootError = js.BootError;

export async function page(): Promise<number> {
  const pith = await boot({ memory: true, on: { log: (text) => text.length } });
  const away = pith.on('process', (e) => `${e.pid} ${e.event}`);
  pith.on('files', ({ path, change }) => path + change);
  // @ts-expect-error there is no such event
  pith.on('nothing', () => 0);
  // @ts-expect-error a file has bytes or text
  await pith.vfs.writeFile('/a', 7);
  const { stdout } = await pith.run(['/bin/ls'], { grants: ['stdio'] });
  const status = await pith.api_get_status();
  away();
  return stdout.length + status.running_processes[0].cpu_usage;
}
