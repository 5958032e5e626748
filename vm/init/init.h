/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1 of a virtual machine: Linux below it does the hardware, the system is
 * Pith in a child, and this is what is between them.
 *
 *     kernel --> main.c    set up, start, wait, put away, power off
 *                mount.c   /proc /sys /dev, shares and disks
 *                console.c the terminal: serial line, screen and keys at once
 *                resume.c  a saved machine that goes on
 *                net.c     is there the network that was asked for?
 *                screen.c  the screen, keyboard and pointer
 *                slots.c   updates of a disk image, for /sbin/pith-update
 *                confine.c what the child may ask of Linux
 *
 * The child is `pith` (cli_boot) with options made from the environment that
 * the kernel's command line gives:
 *
 *     PITH_ROOT=9p:TAG   the disk is root.pith on that share;
 *     PITH_ROOT=disk:vda the disk is that block device, which is made into one
 *                        when it is all zeros (host/posix/store_raw.h);
 *                        without either the system runs from the image and
 *                        forgets everything
 *     PITH_SLOT=a        what runs is that slot of a disk image (vm/disk.sh),
 *     PITH_STATE=2081    whose boot loader's state is at that sector
 *     PITH_HEALTHY=10    a slot that was tried is good after so many seconds
 *     PITH_WORD=9p:TAG   where to leave word of how it ended; else on the
 *                        root's share
 *     PITH_DATA=9p:TAG   shown at /data
 *     PITH_COMMAND="..." instead of a shell on the console; if empty, what the
 *                        file `command` at PITH_WORD has
 *     PITH_RESUME=1      the machine will be saved, and told when it goes on
 *     PITH_SIZE=24x80    of the terminal on the serial line
 *     PITH_NET=1         a network is expected
 *     PITH_CLOCK=N       it is at least N seconds after 1970
 *     PITH_TIMES=1       says how long the machine runs already
 *     TERM=...
 *
 * What was asked for and cannot be had is never replaced silently: a recovery
 * shell starts instead, and says so; where a command was to run, the machine ends.
 */
#ifndef VM_INIT_INIT_H
#define VM_INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>

#define IMAGE "/root.pith"
#define READY "/ready.pith" /* engine/ready.h */
#define ROOT_DIR "/run/root"
#define DATA_DIR "/run/data"
#define WORD_DIR "/run/word"

/* One sentence on the console. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* /proc, /sys, /dev, /run. false: said why; there is nothing to run on. */
bool mount_system(void);
/* Mount what "9p:TAG" names on dir. false: why is in `why`. */
bool mount_named(const char *what, const char *dir, char *why, size_t room);
/* Descriptors 0 to 2 become the terminal: what Linux has as its console, and
 * when these are several (a serial line, a screen) all of them at once, through a
 * process between. */
void console_open(void);
struct winsize read_size(const char *text); /* ROWSxCOLUMNS; zeros: neither */
/* In the child that is the system: its signals come to this process. */
void console_control(void);
/* What was written has been shown; there is no terminal after this. */
void console_finish(void);
/* Has Linux a console on the screen? */
bool has_screen_console(void);
/* The path of a block device that is there, from its name. false: why. */
bool block_device(const char *name, char *out, size_t room, char *why,
                  size_t why_room);
/* Says what is wrong with the network card, if anything is. */
void check_network(void);
/* In the boot task: the network's name servers into /etc/resolv.conf. */
void net_start(void);
/* Before the system is confined, and then in its boot task: what there is of a
 * screen, a keyboard and a pointer becomes /dev/fb0 and /dev/input/event*. */
void screen_open(void);
void screen_start(void);
/* The same: the slots of a disk image become /dev/slots. */
void slots_open(void);
void slots_start(void);
/* A machine that is to be saved: PID 1 listens before there is a system; and in
 * its boot task what is said is done. The last: the system ended with `text`. */
void resume_listen(void);
void resume_start(void);
void resume_leave_word(const char *text);
/* Give up, for good, what the system does not need. false: Linux refused. */
bool confine(void);
/* Write everything and let go of what mount_named mounted. */
void mount_finish(void);
/* The same of what another process mounted there, if it did. */
void umount_late(const char *dir);

#endif
