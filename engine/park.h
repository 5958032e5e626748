/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where threads wait for a place in shared memory (memory.atomic.wait, notify).
 *
 *     b = park_lock(p);
 *     *p is not what was expected:  park_unlock(b)
 *     else:                         park(b, s, p, timeout, &woken)
 *
 * A place is its host address: shared memories do not move. Waiters queue in a
 * bucket that the address hashes to; comparing and queueing are one step under
 * the bucket's lock, and so is waking, so no notify is lost between them. The
 * sleep itself is the store's block hook (engine_config) or, without one, a
 * condition variable of the waiter's.
 */
#ifndef ENGINE_PARK_H
#define ENGINE_PARK_H

#include "runtime.h"

struct park_bucket;
struct park_bucket *park_lock(const void *place);
void park_unlock(struct park_bucket *b);
/*
 * Wait until woken or for timeout ns (< 0: for ever); releases the lock. Polls
 * the store meanwhile, and passes on what ends it. alone: nobody else has the
 * memory, so that only a poll can end an endless wait; when not even that is
 * there it is ENGINE_OUT_OF_FUEL at once.
 */
enum engine_status park(struct park_bucket *b, struct engine_store *s,
                        const void *place, int64_t timeout, bool alone,
                        bool *woken);
/* Wake those that wait for place, the first come first, n at most; how many. */
uint32_t park_notify(const void *place, uint32_t n);

#endif
