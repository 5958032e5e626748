/* SPDX-License-Identifier: Apache-2.0 */
/* No process may look into another's registers. */
