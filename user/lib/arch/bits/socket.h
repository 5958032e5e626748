/* SPDX-License-Identifier: Apache-2.0 */
/* Two 64-bit numbers make a struct timeval everywhere here. */
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21
#define SO_TIMESTAMP 29
#define SO_TIMESTAMPNS 35
#define SO_TIMESTAMPING 37
