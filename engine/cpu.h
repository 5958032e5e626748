/* SPDX-License-Identifier: Apache-2.0 */
/* Which processor this is, as far as code compiled for it cares. */
#ifndef ENGINE_CPU_H
#define ENGINE_CPU_H

#define CPU_TEXT 160

void cpu_text(char text[CPU_TEXT]);

#endif
