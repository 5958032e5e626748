/* SPDX-License-Identifier: Apache-2.0 */
#define LDSO_ARCH "wasm32"
