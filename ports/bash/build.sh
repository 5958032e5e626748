# SPDX-License-Identifier: Apache-2.0
# What configure cannot find out without running a program, as it is on Pith.
# (Of strtoimax this release takes "no" to mean that it is there.)
CFLAGS="-DNO_MAIN_ENV_ARG $CFLAGS"
run_configure --without-bash-malloc --disable-nls --with-curses \
    --enable-readline --disable-net-redirections \
    ac_cv_rl_libtermcap=libncursesw bash_cv_termcap_lib=libncursesw \
    bash_cv_job_control_missing=present bash_cv_sys_named_pipes=present \
    bash_cv_func_sigsetjmp=present bash_cv_getcwd_malloc=yes \
    bash_cv_printf_a_format=yes bash_cv_unusable_rtsigs=no \
    bash_cv_wcwidth_broken=no bash_cv_func_strcoll_broken=no \
    bash_cv_must_reinstall_sighandlers=no bash_cv_func_ctype_nonascii=no \
    bash_cv_dup2_broken=no bash_cv_pgrp_pipe=no bash_cv_ulimit_maxfds=yes \
    bash_cv_opendir_not_robust=no bash_cv_getenv_redef=yes \
    bash_cv_fnmatch_equiv_fallback=yes bash_cv_dev_fd=absent \
    bash_cv_dev_stdin=present gt_cv_int_divbyzero_sigfpe=no \
    bash_cv_func_strtoimax=no \
    bash_cv_wexitstatus_offset=8 \
    ac_cv_func_dlopen=no ac_cv_func_dlclose=no ac_cv_func_dlsym=no \
    ac_cv_lib_dl_dlopen=no
# --fork is left out above: it would make each of configure's checks slow.
# --loose-calls: its clean-up functions are of all types.
make CC="$CC --fork --loose-calls" CC_FOR_BUILD="$HOSTCC" bash
put_bin bash bin
